import { useInferredTags } from "../hooks/queries";
import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { ConfidenceMeter } from "./ConfidenceMeter";
import { TagButton } from "./TagButton";
import { SECTION_IDS } from "./SectionLinks";
import { TagSection } from "./TagSection";

export function InferredTags({ actions }: { actions: TagActions }) {
  const { tags } = strings;
  return (
    <TagSection
      id={SECTION_IDS.inferred}
      query={useInferredTags()}
      title={tags.inferredTitle}
      intro={tags.inferredIntro}
      loading={tags.inferredLoading}
      empty={tags.inferredEmpty}
      listClassName="pz-rows"
      renderTag={(tag) => <InferredTag tag={tag} actions={actions} />}
    />
  );
}

function InferredTag({ tag, actions }: { tag: UserTag; actions: TagActions }) {
  const { tags } = strings;
  const isBusy = actions.isBusy(tag);
  return (
    <div className="pz-row">
      <div className="pz-row-text">
        <span className="pz-tag-name">{tag.name}</span>
        {tag.state === "hidden" && <span className="pz-badge">{tags.hidden}</span>}
        <ConfidenceMeter name={tag.name} confidence={tag.confidence_score} />
        <span className="pz-detail">
          {tag.source_display} · {tags.interactions(tag.interaction_count)}
        </span>
      </div>
      <div className="pz-row-actions">
        <TagButton verb={tags.keep} name={tag.name} isBusy={isBusy} onPress={() => { actions.keep(tag); }} />
        <TagButton verb={tags.remove} name={tag.name} isBusy={isBusy} isPrimary onPress={() => { actions.remove(tag); }} />
      </div>
    </div>
  );
}
