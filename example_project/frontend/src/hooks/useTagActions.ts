import { useRef, useState } from "react";

import type { TagChanges, UserTag } from "../types/models";
import { useChangeTag, useKeepTag, useRemoveTag, useRestoreTag } from "./queries";

/** How much a tag counts, as the API takes it. */
export const WEIGHTS = { less: 0.5, normal: 1, more: 2 } as const;
export type Weight = keyof typeof WEIGHTS;
export type TagVerb = "remove" | "restore" | "keep" | "hide" | Weight;

/** What the last action came to. */
export interface TagNotice {
  verb: TagVerb;
  tag: UserTag;
  error: unknown;
}

export interface TagActions {
  remove: (tag: UserTag) => void;
  restore: (tag: UserTag) => void;
  keep: (tag: UserTag) => void;
  hide: (tag: UserTag) => void;
  weigh: (tag: UserTag, weight: Weight) => void;
  isBusy: (tag: UserTag) => boolean;
  notice: TagNotice | null;
  closeNotice: () => void;
}

/** Remove, restore, keep, hide and weigh single tags: at once, one request per tag at a time, with an outcome to show. */
export function useTagActions(): TagActions {
  const removal = useRemoveTag();
  const restoration = useRestoreTag();
  const keeping = useKeepTag();
  const changing = useChangeTag();
  const [notice, setNotice] = useState<TagNotice | null>(null);
  const [busyIds, setBusyIds] = useState<ReadonlySet<number>>(new Set());
  const inFlight = useRef(new Set<number>());

  const mark = (id: number, isBusy: boolean) => {
    if (isBusy) inFlight.current.add(id);
    else inFlight.current.delete(id);
    setBusyIds(new Set(inFlight.current));
  };

  const send = (verb: TagVerb, tag: UserTag): Promise<unknown> => {
    if (verb === "remove") return removal.mutateAsync(tag);
    if (verb === "restore") return restoration.mutateAsync(tag);
    if (verb === "keep") return keeping.mutateAsync(tag);
    const changes: TagChanges = verb === "hide" ? { state: "hidden" } : { weight: WEIGHTS[verb] };
    return changing.mutateAsync({ tag, changes });
  };

  const act = async (verb: TagVerb, tag: UserTag) => {
    if (inFlight.current.has(tag.id)) return;
    mark(tag.id, true);
    try {
      await send(verb, tag);
      setNotice({ verb, tag, error: null });
    } catch (error) {
      setNotice({ verb, tag, error });
    } finally {
      mark(tag.id, false);
    }
  };

  return {
    remove: (tag) => { void act("remove", tag); },
    restore: (tag) => { void act("restore", tag); },
    keep: (tag) => { void act("keep", tag); },
    hide: (tag) => { void act("hide", tag); },
    weigh: (tag, weight) => { void act(weight, tag); },
    isBusy: (tag) => busyIds.has(tag.id),
    notice,
    closeNotice: () => { setNotice(null); },
  };
}
