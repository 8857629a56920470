import type { UseQueryResult } from "@tanstack/react-query";
import { useId, useMemo } from "react";

import type { SelectionDraft } from "../hooks/useSelectionDraft";
import { strings } from "../strings";
import type { TaxonomiesByCategory, TaxonomyGroup, UserTag } from "../types/models";
import { QueryState } from "./QueryState";
import { TaxonomyPicker } from "./TaxonomyPicker";

interface Props {
  draft: SelectionDraft;
  taxonomies: UseQueryResult<TaxonomiesByCategory>;
  manualTags: UseQueryResult<UserTag[]>;
}

/** What can be picked. It waits for the saved picks too: without them it could not say what is picked. */
export function PickSection({ draft, taxonomies, manualTags }: Props) {
  const headingId = useId();
  const groups = useMemo(() => toGroups(taxonomies.data ?? {}), [taxonomies.data]);
  const { picker } = strings;
  return (
    <section className="pz-card" aria-labelledby={headingId} aria-busy={taxonomies.isPending || manualTags.isPending}>
      <h2 id={headingId} className="pz-heading" tabIndex={-1}>{picker.title}</h2>
      <p className="pz-hint">{picker.intro}</p>
      <QueryState queries={[taxonomies, manualTags]} loading={picker.loading}>
        {() => groups.length === 0
          ? <p className="pz-empty">{picker.empty}</p>
          : <TaxonomyPicker groups={groups} picked={draft.picked} onToggle={draft.toggle} />}
      </QueryState>
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
