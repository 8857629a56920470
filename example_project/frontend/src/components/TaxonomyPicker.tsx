import { useMemo, useState } from "react";

import { strings } from "../strings";
import type { Taxonomy, TaxonomyGroup } from "../types/models";
import { ActionButton } from "./ActionButton";
import { CategoryTabs } from "./CategoryTabs";
import { TaxonomyGrid } from "./TaxonomyGrid";
import { TaxonomySearch } from "./TaxonomySearch";

interface Props {
  groups: readonly TaxonomyGroup[];
  picked: ReadonlySet<number>;
  onToggle: (id: number) => void;
}

// No category can have this code.
const ALL = "*";

export function TaxonomyPicker({ groups, picked, onToggle }: Props) {
  const [tab, setTab] = useState<string>(ALL);
  const [query, setQuery] = useState("");
  const matching = useMemo(() => search(groups, query), [groups, query]);
  // The category of the open tab may have vanished with a refetch.
  const current = groups.some(({ category }) => category === tab) ? tab : ALL;
  const shown = current === ALL ? matching : matching.filter(({ category }) => category === current);

  return (
    <>
      <TaxonomySearch query={query} onChange={setQuery} count={countTaxonomies(shown)} />
      <CategoryTabs tabs={toTabs(groups)} selected={current} onSelect={setTab}>
        {shown.length === 0
          ? <NoResults query={query} elsewhere={countTaxonomies(matching)} onShowAll={() => { setTab(ALL); }} />
          : <TaxonomyGrid groups={shown} withHeadings={current === ALL} picked={picked} onToggle={onToggle} />}
      </CategoryTabs>
    </>
  );
}

function NoResults({ query, elsewhere, onShowAll }: { query: string; elsewhere: number; onShowAll: () => void }) {
  return (
    <div className="pz-empty">
      <p>{strings.picker.noResults(query.trim())}</p>
      {elsewhere > 0 && (
        <ActionButton onPress={onShowAll}>{strings.picker.searchEverywhere(elsewhere)}</ActionButton>
      )}
    </div>
  );
}

function toTabs(groups: readonly TaxonomyGroup[]) {
  return [{ id: ALL, label: strings.picker.all }, ...groups.map(({ category, label }) => ({ id: category, label }))];
}

function countTaxonomies(groups: readonly TaxonomyGroup[]): number {
  return groups.reduce((sum, { taxonomies }) => sum + taxonomies.length, 0);
}

/** Those whose name or description has every word of the query, in any order. */
function search(groups: readonly TaxonomyGroup[], query: string): TaxonomyGroup[] {
  const words = normalize(query).split(/\s+/).filter(Boolean);
  const matches = ({ name, description }: Taxonomy) => {
    const text = normalize(`${name} ${description}`);
    return words.every((word) => text.includes(word));
  };
  return groups
    .map((group) => ({ ...group, taxonomies: group.taxonomies.filter(matches) }))
    .filter(({ taxonomies }) => taxonomies.length > 0);
}

function normalize(text: string): string {
  return text.normalize("NFKC").toLocaleLowerCase();
}
