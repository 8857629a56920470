import { useEffect, useRef } from "react";

import type { TagActions, TagNotice, TagVerb } from "../hooks/useTagActions";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

const { done, failed, region } = strings.notices;
const UNDOABLE: ReadonlySet<TagVerb> = new Set<TagVerb>(["remove", "hide"]);

/** Says what became of the last change to a tag, and offers Undo where it took the tag off its list. */
export function TagNoticeBar({ actions }: { actions: TagActions }) {
  const { notice } = actions;
  const bar = useRef<HTMLDivElement>(null);
  const hadUndo = useRef(false);
  const hasUndo = notice !== null && notice.error === null && UNDOABLE.has(notice.verb);

  useEffect(() => {
    // The pressed Undo button is gone: keep the focus where the person was.
    if (hadUndo.current && !hasUndo && document.activeElement === document.body) bar.current?.focus({ preventScroll: true });
    hadUndo.current = hasUndo;
  }, [hasUndo]);

  return (
    <div ref={bar} className="pz-notice" tabIndex={-1} role="group" aria-label={region}>
      <p role="status">{notice?.error === null && done[notice.verb](notice.tag.name)}</p>
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
  return <ErrorMessage title={failed[notice.verb](notice.tag.name)} error={notice.error} />;
}
