import { useRef, useState } from "react";

import type { UserTag } from "../types/models";
import { useKeepTag, useRemoveTag, useRestoreTag } from "./queries";

export type TagVerb = "remove" | "restore" | "keep";

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
  isBusy: (tag: UserTag) => boolean;
  notice: TagNotice | null;
  closeNotice: () => void;
}

/** Remove, restore and keep single tags: at once, one request per tag at a time, with an outcome to show. */
export function useTagActions(): TagActions {
  const mutations = { remove: useRemoveTag(), restore: useRestoreTag(), keep: useKeepTag() };
  const [notice, setNotice] = useState<TagNotice | null>(null);
  const [busyIds, setBusyIds] = useState<ReadonlySet<number>>(new Set());
  const inFlight = useRef(new Set<number>());

  const mark = (id: number, isBusy: boolean) => {
    if (isBusy) inFlight.current.add(id);
    else inFlight.current.delete(id);
    setBusyIds(new Set(inFlight.current));
  };

  const act = async (verb: TagVerb, tag: UserTag) => {
    if (inFlight.current.has(tag.id)) return;
    mark(tag.id, true);
    try {
      await mutations[verb].mutateAsync(tag);
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
    isBusy: (tag) => busyIds.has(tag.id),
    notice,
    closeNotice: () => { setNotice(null); },
  };
}
