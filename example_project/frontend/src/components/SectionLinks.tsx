import { strings } from "../strings";

export const SECTION_IDS = {
  picks: "pz-picks",
  inferred: "pz-inferred",
  hidden: "pz-hidden",
  removed: "pz-removed",
  settings: "pz-settings",
  data: "pz-data",
  ordering: "pz-ordering",
} as const;

const { tags, settings, data, ordering } = strings;
const LINKS = [
  [SECTION_IDS.picks, tags.picksTitle],
  [SECTION_IDS.inferred, tags.inferredTitle],
  [SECTION_IDS.hidden, tags.hiddenTitle],
  [SECTION_IDS.removed, tags.removedTitle],
  [SECTION_IDS.settings, settings.title],
  [SECTION_IDS.data, data.title],
  [SECTION_IDS.ordering, ordering.title],
] as const;

/** The sections stand below a long list: links lead there. */
export function SectionLinks() {
  return (
    <nav className="pz-links" aria-label={strings.onThisPage}>
      {LINKS.map(([id, title]) => <a key={id} href={`#${id}`}>{title}</a>)}
    </nav>
  );
}
