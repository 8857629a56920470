import { strings } from "../strings";

export const SECTION_IDS = { picks: "pz-picks", inferred: "pz-inferred", removed: "pz-removed" } as const;

/** On a narrow page the sections stand below a long list: links lead there. */
export function SectionLinks() {
  const { tags } = strings;
  return (
    <nav className="pz-links" aria-label={strings.onThisPage}>
      <a href={`#${SECTION_IDS.picks}`}>{tags.picksTitle}</a>
      <a href={`#${SECTION_IDS.inferred}`}>{tags.inferredTitle}</a>
      <a href={`#${SECTION_IDS.removed}`}>{tags.removedTitle}</a>
    </nav>
  );
}
