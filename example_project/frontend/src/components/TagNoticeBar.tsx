import { useEffect, useRef } from "react";

import type { TagActions, TagNotice, TagVerb } from "../hooks/useTagActions";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

const { notices } = strings;

const DONE: Record<TagVerb, (name: string) => string> = {
  remove: notices.removed,
  restore: notices.restored,
  keep: notices.kept,
};

const FAILED: Record<TagVerb, (name: string) => string> = {
  remove: notices.removeFailed,
  restore: notices.restoreFailed,
  keep: notices.keepFailed,
};

/** Says what became of the last Remove, Restore or Keep, and offers Undo for a removal. */
export function TagNoticeBar({ actions }: { actions: TagActions }) {
  const { notice } = actions;
  const bar = useRef<HTMLDivElement>(null);
  const hadUndo = useRef(false);
  const hasUndo = notice?.verb === "remove" && notice.error === null;

  useEffect(() => {
    // The pressed Undo button is gone: keep the focus where the person was.
    if (hadUndo.current && !hasUndo && document.activeElement === document.body) bar.current?.focus({ preventScroll: true });
    hadUndo.current = hasUndo;
  }, [hasUndo]);

  return (
    <div ref={bar} className="pz-notice" tabIndex={-1} role="group" aria-label={notices.region}>
      <p role="status">{notice?.error === null && DONE[notice.verb](notice.tag.name)}</p>
      {notice !== null && notice.error !== null && <FailedNotice notice={notice} />}
      {notice !== null && (
        <div className="pz-notice-actions">
          {hasUndo && <UndoButton notice={notice} actions={actions} />}
          <ActionButton onPress={actions.closeNotice}>{strings.close}</ActionButton>
        </div>
      )}
    </div>
  );
}

function UndoButton({ notice, actions }: { notice: TagNotice; actions: TagActions }) {
  return (
    <ActionButton isBusy={actions.isBusy(notice.tag)} onPress={() => { actions.restore(notice.tag); }}>
      {strings.tags.undo}
    </ActionButton>
  );
}

function FailedNotice({ notice }: { notice: TagNotice }) {
  return <ErrorMessage title={FAILED[notice.verb](notice.tag.name)} error={notice.error} />;
}
