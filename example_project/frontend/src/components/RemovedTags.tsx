import { useDismissedTags } from "../hooks/queries";
import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import { RestorableTag } from "./RestorableTag";
import { SECTION_IDS } from "./SectionLinks";
import { TagSection } from "./TagSection";

/** An Undo that does not go away with time. */
export function RemovedTags({ actions }: { actions: TagActions }) {
  const { tags } = strings;
  return (
    <TagSection
      id={SECTION_IDS.removed}
      query={useDismissedTags()}
      title={tags.removedTitle}
      intro={tags.removedIntro}
      loading={tags.removedLoading}
      empty={tags.removedEmpty}
      listClassName="pz-chips pz-chips-quiet"
      renderTag={(tag) => <RestorableTag tag={tag} actions={actions} />}
    />
  );
}
