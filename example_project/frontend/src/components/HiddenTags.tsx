import { useHiddenTags } from "../hooks/queries";
import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import { RestorableTag } from "./RestorableTag";
import { SECTION_IDS } from "./SectionLinks";
import { TagSection } from "./TagSection";

/** What the person keeps out of sight, with the way back. */
export function HiddenTags({ actions }: { actions: TagActions }) {
  const { tags } = strings;
  return (
    <TagSection
      id={SECTION_IDS.hidden}
      query={useHiddenTags()}
      title={tags.hiddenTitle}
      intro={tags.hiddenIntro}
      loading={tags.hiddenLoading}
      empty={tags.hiddenEmpty}
      listClassName="pz-chips pz-chips-quiet"
      renderTag={(tag) => <RestorableTag tag={tag} actions={actions} />}
    />
  );
}
