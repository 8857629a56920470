import type { UseQueryResult } from "@tanstack/react-query";

import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { TagButton } from "./TagButton";
import { SECTION_IDS } from "./SectionLinks";
import { TagMenu } from "./TagMenu";
import { TagSection } from "./TagSection";

interface Props {
  query: UseQueryResult<UserTag[]>;
  actions: TagActions;
  /** The person has switched personalization off. */
  isOff: boolean;
}

export function SavedPicks({ query, actions, isOff }: Props) {
  const { tags } = strings;
  return (
    <TagSection
      id={SECTION_IDS.picks}
      query={query}
      title={tags.picksTitle}
      intro={isOff ? tags.picksOff : tags.picksIntro}
      loading={tags.picksLoading}
      empty={tags.picksEmpty}
      listClassName="pz-chips"
      renderTag={(tag) => (
        <>
          <span className="pz-tag-name">{tag.name}</span>
          <TagMenu tag={tag} actions={actions} />
          <TagButton
            verb={tags.remove}
            name={tag.name}
            isBusy={actions.isBusy(tag)}
            isPrimary
            onPress={() => { actions.remove(tag); }}
          />
        </>
      )}
    />
  );
}
