import { useMemo } from "react";

import { useManualTags } from "../hooks/queries";
import { useSave } from "../hooks/useSave";
import { useSelectionDraft } from "../hooks/useSelectionDraft";
import { useTagActions } from "../hooks/useTagActions";
import { useUnsavedWarning } from "../hooks/useUnsavedWarning";
import type { UserTag } from "../types/models";
import { InferredTags } from "./InferredTags";
import { InterestsSection } from "./InterestsSection";
import { RemovedTags } from "./RemovedTags";
import { SaveBar } from "./SaveBar";
import { SavedPicks } from "./SavedPicks";
import { TagNoticeBar } from "./TagNoticeBar";

/** Everything about one person's interests: pick, save, and control what was inferred. */
export function Personalization() {
  const manualTags = useManualTags();
  const saved = useMemo(() => taxonomyIds(manualTags.data ?? []), [manualTags.data]);
  const draft = useSelectionDraft(saved);
  const save = useSave(draft);
  const actions = useTagActions();
  useUnsavedWarning(draft.changes.size > 0);

  return (
    <>
      <div className="pz-columns">
        <InterestsSection draft={draft} manualTags={manualTags} />
        <div className="pz-side">
          <SavedPicks query={manualTags} actions={actions} />
          <InferredTags actions={actions} />
          <RemovedTags actions={actions} />
        </div>
      </div>
      <div className="pz-dock">
        <TagNoticeBar actions={actions} />
        {/* Without the saved picks, a save would replace what the person cannot see. */}
        {manualTags.data !== undefined && <SaveBar draft={draft} save={save} />}
      </div>
    </>
  );
}

function taxonomyIds(tags: readonly UserTag[]): ReadonlySet<number> {
  return new Set(tags.flatMap(({ taxonomy }) => (taxonomy === null ? [] : [taxonomy])));
}
