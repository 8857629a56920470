import { useInferredTags } from "../hooks/queries";
import type { TagActions } from "../hooks/useTagActions";
import { useWhyDialog } from "../hooks/useWhyDialog";
import { strings } from "../strings";
import type { PersonalizationSettings, UserTag } from "../types/models";
import { SECTION_IDS } from "./SectionLinks";
import { ShareMeter } from "./ShareMeter";
import { TagButton } from "./TagButton";
import { TagMenu } from "./TagMenu";
import { TagSection } from "./TagSection";
import { WhyDialog } from "./WhyDialog";

interface Props {
  actions: TagActions;
  /** What the person has decided; undefined while it is unknown. */
  settings: PersonalizationSettings | undefined;
}

export function InferredTags({ actions, settings }: Props) {
  const { tags } = strings;
  const query = useInferredTags();
  const why = useWhyDialog(query.data, SECTION_IDS.inferred);
  const isUsed = settings === undefined || settings.mode === "full";
  return (
    <>
      <TagSection
        id={SECTION_IDS.inferred}
        query={query}
        title={tags.inferredTitle}
        intro={introFor(settings)}
        loading={tags.inferredLoading}
        empty={tags.inferredEmpty}
        listClassName="pz-rows"
        renderTag={(tag) => (
          <InferredTag tag={tag} actions={actions} isUsed={isUsed} onWhy={() => { why.open(tag); }} />
        )}
      />
      <WhyDialog why={why} />
    </>
  );
}

interface RowProps {
  tag: UserTag;
  actions: TagActions;
  isUsed: boolean;
  onWhy: () => void;
}

function InferredTag({ tag, actions, isUsed, onWhy }: RowProps) {
  const { tags } = strings;
  const isBusy = actions.isBusy(tag);
  return (
    <div className="pz-row" data-unused={!isUsed || undefined}>
      <div className="pz-row-text">
        <span className="pz-tag-name">{tag.name}</span>
        {!isUsed && <span className="pz-badge">{tags.unused}</span>}
        <ShareMeter label={`${tag.name}: ${tags.confidence}`} caption={tags.confidence} share={tag.confidence_score} />
        <span className="pz-detail">
          {tag.source_display} · {tags.interactions(tag.interaction_count)}
        </span>
      </div>
      <div className="pz-row-actions">
        <TagButton verb={tags.why} name={tag.name} isBusy={false} onPress={onWhy} />
        <TagMenu tag={tag} actions={actions} />
        <TagButton verb={tags.keep} name={tag.name} isBusy={isBusy} onPress={() => { actions.keep(tag); }} />
        <TagButton verb={tags.remove} name={tag.name} isBusy={isBusy} isPrimary onPress={() => { actions.remove(tag); }} />
      </div>
    </div>
  );
}

/** What is said above the list: the settings may keep it from being used, or from growing. */
function introFor(settings: PersonalizationSettings | undefined): string {
  const { tags } = strings;
  if (settings === undefined) return tags.inferredIntro;
  if (settings.mode !== "full") return tags.inferredUnused;
  if (settings.consent === "denied") return tags.inferredRefused;
  return settings.paused ? tags.inferredPaused : tags.inferredIntro;
}
