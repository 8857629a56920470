import { useMemo } from "react";

import { useManualTags, useTaxonomiesByCategory } from "../hooks/queries";
import { useSave } from "../hooks/useSave";
import { useSelectionDraft } from "../hooks/useSelectionDraft";
import { useTagActions } from "../hooks/useTagActions";
import { useUnsavedWarning } from "../hooks/useUnsavedWarning";
import type { TaxonomiesByCategory, UserTag } from "../types/models";
import { InferredTags } from "./InferredTags";
import { PickSection } from "./PickSection";
import { RemovedTags } from "./RemovedTags";
import { SaveBar } from "./SaveBar";
import { SavedPicks } from "./SavedPicks";
import { SectionLinks } from "./SectionLinks";
import { TagNoticeBar } from "./TagNoticeBar";

/** Everything about one person's interests: pick, save, and control what was inferred. */
export function Personalization() {
  const manualTags = useManualTags();
  const taxonomies = useTaxonomiesByCategory();
  const saved = useMemo(() => pickedIds(manualTags.data ?? []), [manualTags.data]);
  const offered = useMemo(() => offeredIds(taxonomies.data ?? {}), [taxonomies.data]);
  const draft = useSelectionDraft(saved, offered);
  const save = useSave(draft);
  const actions = useTagActions();
  useUnsavedWarning(draft.changes.size > 0);

  return (
    <>
      <SectionLinks />
      <div className="pz-columns">
        <PickSection draft={draft} taxonomies={taxonomies} manualTags={manualTags} />
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

function pickedIds(tags: readonly UserTag[]): ReadonlySet<number> {
  return new Set(tags.flatMap(({ taxonomy }) => (taxonomy === null ? [] : [taxonomy])));
}

function offeredIds(byCategory: TaxonomiesByCategory): ReadonlySet<number> {
  return new Set(Object.values(byCategory).flatMap((taxonomies) => taxonomies.map(({ id }) => id)));
}
