import { useState } from "react";

import type { DeletedRows } from "../types/models";
import { useEraseProfile } from "./queries";
import { type SettingsControl, useSettingsChanges } from "./useSettingsChanges";

export interface Erasure {
  isErasing: boolean;
  error: Error | null;
  /** What has been deleted, once it is. */
  deleted: DeletedRows | null;
  /** Whether a "no" was left behind, so that nothing is collected any more. */
  isStopped: boolean;
  /** The "no" once more, where the deletion did not take it along; null where the person did not ask for it. */
  stopping: SettingsControl | null;
  /** Delete everything; the answer is whether that worked. */
  erase: (stopCollecting: boolean) => Promise<boolean>;
}

/**
 * Delete everything that is stored. The settings go with it, and with them an earlier "no": one that is to hold from
 * now on is given in the same request, so that nothing is collected in between.
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
      const { consent } = await mutation.mutateAsync(stopCollecting);
      // Some proxies drop the body of a DELETE.
      if (stopCollecting && consent !== "denied") await stopping.change({ consent: "denied" });
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
    isStopped: isStopWanted && (mutation.data?.consent === "denied" || stopping.saved !== null),
    stopping: isStopWanted ? stopping : null,
    erase,
  };
}
