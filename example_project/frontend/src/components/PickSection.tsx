import type { UseQueryResult } from "@tanstack/react-query";
import { useId, useMemo } from "react";

import { useHeadingFocus } from "../hooks/useHeadingFocus";
import type { SelectionDraft } from "../hooks/useSelectionDraft";
import { useSettingsChanges } from "../hooks/useSettingsChanges";
import { strings } from "../strings";
import type { TaxonomiesByCategory, TaxonomyGroup, UserTag } from "../types/models";
import { OffNotice } from "./OffNotice";
import { QueryState, Skeleton } from "./QueryState";
import { SettingsFailure } from "./SettingsFailure";
import { TaxonomyPicker } from "./TaxonomyPicker";

interface Props {
  draft: SelectionDraft;
  taxonomies: UseQueryResult<TaxonomiesByCategory>;
  manualTags: UseQueryResult<UserTag[]>;
  /** The person has switched personalization off; null while that is unknown. */
  isOff: boolean | null;
}

/**
 * What can be picked. It waits for the saved picks too: without them it could not say what is picked. While
 * personalization is off it offers to switch it on instead.
 */
export function PickSection({ draft, taxonomies, manualTags, isOff }: Props) {
  const headingId = useId();
  const groups = useMemo(() => toGroups(taxonomies.data ?? {}), [taxonomies.data]);
  const control = useSettingsChanges();
  const { container, onPressed } = useHeadingFocus<HTMLElement>(isOff === true);
  const { picker } = strings;

  const switchOn = () => {
    onPressed();
    void control.change({ mode: "full" });
  };

  return (
    <section
      ref={container}
      className="pz-card"
      aria-labelledby={headingId}
      aria-busy={isOff === null || taxonomies.isPending || manualTags.isPending}
    >
      <h2 id={headingId} className="pz-heading" tabIndex={-1}>{picker.title}</h2>
      {isOff !== true && <p className="pz-hint">{picker.intro}</p>}
      <SettingsFailure control={control} />
      {isOff === null && <Skeleton text={picker.loading} />}
      {isOff === true && <OffNotice isBusy={control.saving !== null} onSwitchOn={switchOn} />}
      {isOff === false && (
        <QueryState queries={[taxonomies, manualTags]} loading={picker.loading}>
          {() => groups.length === 0
            ? <p className="pz-empty">{picker.empty}</p>
            : <TaxonomyPicker groups={groups} picked={draft.picked} onToggle={draft.toggle} />}
        </QueryState>
      )}
    </section>
  );
}

function toGroups(byCategory: TaxonomiesByCategory): TaxonomyGroup[] {
  return Object.entries(byCategory)
    .filter(([, taxonomies]) => taxonomies.length > 0)
    .map(([category, taxonomies]) => ({
      category,
      label: taxonomies[0]?.category_display ?? category,
      taxonomies,
    }));
}
