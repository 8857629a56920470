import { useMemo } from "react";

import { useManualTags, useSettings, useTaxonomiesByCategory } from "../hooks/queries";
import { useSave } from "../hooks/useSave";
import { useSelectionDraft } from "../hooks/useSelectionDraft";
import { useTagActions } from "../hooks/useTagActions";
import { useUnsavedWarning } from "../hooks/useUnsavedWarning";
import type { TaxonomiesByCategory, UserTag } from "../types/models";
import { DataSection } from "./DataSection";
import { HiddenTags } from "./HiddenTags";
import { InferredTags } from "./InferredTags";
import { OrderingSection } from "./OrderingSection";
import { PickSection } from "./PickSection";
import { RemovedTags } from "./RemovedTags";
import { SaveBar } from "./SaveBar";
import { SavedPicks } from "./SavedPicks";
import { SectionLinks } from "./SectionLinks";
import { SettingsSection } from "./SettingsSection";
import { TagNoticeBar } from "./TagNoticeBar";

/** Everything about one person's interests: pick, save, and control what was inferred and what is stored. */
export function Personalization() {
  const manualTags = useManualTags();
  const taxonomies = useTaxonomiesByCategory();
  const settings = useSettings();
  const saved = useMemo(() => pickedIds(manualTags.data ?? []), [manualTags.data]);
  const offered = useMemo(() => offeredIds(taxonomies.data ?? {}), [taxonomies.data]);
  const draft = useSelectionDraft(saved, offered);
  const save = useSave(draft);
  const actions = useTagActions();
  // Settings that cannot be loaded must not keep anybody from picking.
  const isOff = settings.isPending ? null : settings.data?.mode === "none";
  useUnsavedWarning(draft.changes.size > 0);

  const forgetUnsaved = () => {
    draft.discard();
    save.reset();
    actions.closeNotice();
  };

  return (
    <>
      <SectionLinks />
      <div className="pz-interests">
        <div className="pz-columns">
          <PickSection draft={draft} taxonomies={taxonomies} manualTags={manualTags} isOff={isOff} />
          <div className="pz-side">
            <SavedPicks query={manualTags} actions={actions} isOff={isOff === true} />
            <InferredTags actions={actions} settings={settings.data} />
            <HiddenTags actions={actions} />
            <RemovedTags actions={actions} />
          </div>
        </div>
        <div className="pz-dock">
          <TagNoticeBar actions={actions} />
          {/* Without the saved picks, a save would replace what the person cannot see. */}
          {manualTags.data !== undefined && isOff === false && <SaveBar draft={draft} save={save} />}
        </div>
      </div>
      <div className="pz-columns pz-controls">
        <div className="pz-side">
          <SettingsSection query={settings} />
          <DataSection consent={settings.data?.consent} onErased={forgetUnsaved} />
        </div>
        <OrderingSection />
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
