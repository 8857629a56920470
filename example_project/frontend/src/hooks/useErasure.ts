import { useState } from "react";

import type { DeletedRows } from "../types/models";
import { useEraseProfile } from "./queries";
import { type SettingsControl, useSettingsChanges } from "./useSettingsChanges";

export interface Erasure {
  isErasing: boolean;
  error: Error | null;
  /** What has been deleted, once it is. */
  deleted: DeletedRows | null;
  /** The "no" that follows the deletion; null where the person did not ask for it. */
  stopping: SettingsControl | null;
  /** Delete everything; the answer is whether that worked. */
  erase: (stopCollecting: boolean) => Promise<boolean>;
}

/**
 * Delete everything that is stored. The settings go with it, and with them an earlier "no": one that is to hold from
 * now on is given again afterwards.
 */
export function useErasure(): Erasure {
  const mutation = useEraseProfile();
  const stopping = useSettingsChanges();
  const [isErasing, setIsErasing] = useState(false);
  const [isStopWanted, setIsStopWanted] = useState(false);

  const erase = async (stopCollecting: boolean) => {
    setIsErasing(true);
    setIsStopWanted(stopCollecting);
    try {
      await mutation.mutateAsync();
      if (stopCollecting) await stopping.change({ consent: "denied" });
      return true;
    } catch {
      return false;
    } finally {
      setIsErasing(false);
    }
  };

  return {
    isErasing,
    error: mutation.error,
    deleted: mutation.data?.deleted ?? null,
    stopping: isStopWanted ? stopping : null,
    erase,
  };
}
