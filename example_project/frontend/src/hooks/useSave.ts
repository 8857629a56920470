import { useRef, useState } from "react";

import { useSaveSelection } from "./queries";
import type { SelectionDraft } from "./useSelectionDraft";

export type SaveStatus = "idle" | "unchanged" | "saving" | "saved" | "failed";

export interface Save {
  status: SaveStatus;
  error: Error | null;
  save: () => void;
  /** Forget the outcome of the last save. */
  reset: () => void;
}

/** Send the draft as one request at a time; a failure leaves the draft as it is. */
export function useSave(draft: SelectionDraft): Save {
  const mutation = useSaveSelection();
  const [status, setStatus] = useState<SaveStatus>("idle");
  // A second click can come before the first one has been rendered.
  const isInFlight = useRef(false);

  const send = async () => {
    isInFlight.current = true;
    setStatus("saving");
    try {
      await mutation.mutateAsync([...draft.picked].sort((a, b) => a - b));
      draft.settle(draft.changes);
      setStatus("saved");
    } catch {
      setStatus("failed");
    } finally {
      isInFlight.current = false;
    }
  };

  const save = () => {
    if (isInFlight.current) return;
    if (draft.changes.size === 0) setStatus("unchanged");
    else void send();
  };

  return { status, error: status === "failed" ? mutation.error : null, save, reset: () => { setStatus("idle"); } };
}
