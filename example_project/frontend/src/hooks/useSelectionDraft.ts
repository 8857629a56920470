import { useCallback, useMemo, useState } from "react";

type Ids = ReadonlySet<number>;
type Changes = ReadonlyMap<number, boolean>;

const NO_CHANGES: Changes = new Map();

export interface SelectionDraft {
  /** The saved picks with the unsaved changes applied. */
  picked: Ids;
  /** What differs from the saved picks: taxonomy id → picked or not. */
  changes: Changes;
  toggle: (id: number) => void;
  discard: () => void;
  /** Drop the changes that have reached the server; those made meanwhile stay. */
  settle: (sent: Changes) => void;
}

/**
 * Unsaved picks, kept as differences from what is saved: when the saved picks change
 * (another tab, an Undo), the differences still mean what the person meant.
 *
 * @param saved taxonomy ids of the saved picks
 * @param offered those that can be picked; a pick that the site has withdrawn is no longer a change
 */
export function useSelectionDraft(saved: Ids, offered: Ids): SelectionDraft {
  const [stored, setStored] = useState(NO_CHANGES);
  const changes = useMemo(() => onlyPickable(onlyDifferent(stored, saved), offered), [stored, saved, offered]);
  const picked = useMemo(() => applyChanges(saved, changes), [saved, changes]);
  const toggle = useCallback((id: number) => { setStored((current) => withToggled(current, id, saved)); }, [saved]);
  const discard = useCallback(() => { setStored(NO_CHANGES); }, []);
  const settle = useCallback((sent: Changes) => { setStored((current) => without(current, sent)); }, []);
  return { picked, changes, toggle, discard, settle };
}

function onlyDifferent(changes: Changes, saved: Ids): Changes {
  return new Map([...changes].filter(([id, isPicked]) => isPicked !== saved.has(id)));
}

function onlyPickable(changes: Changes, offered: Ids): Changes {
  return new Map([...changes].filter(([id, isPicked]) => !isPicked || offered.has(id)));
}

function applyChanges(saved: Ids, changes: Changes): Ids {
  const picked = new Set(saved);
  changes.forEach((isPicked, id) => {
    if (isPicked) picked.add(id);
    else picked.delete(id);
  });
  return picked;
}

function withToggled(changes: Changes, id: number, saved: Ids): Changes {
  const isPicked = !(changes.get(id) ?? saved.has(id));
  return onlyDifferent(new Map(changes).set(id, isPicked), saved);
}

function without(changes: Changes, sent: Changes): Changes {
  return new Map([...changes].filter(([id, isPicked]) => sent.get(id) !== isPicked));
}
