import type { UseQueryResult } from "@tanstack/react-query";

import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { TagButton } from "./TagButton";
import { SECTION_IDS } from "./SectionLinks";
import { TagSection } from "./TagSection";

interface Props {
  query: UseQueryResult<UserTag[]>;
  actions: TagActions;
}

export function SavedPicks({ query, actions }: Props) {
  const { tags } = strings;
  return (
    <TagSection
      id={SECTION_IDS.picks}
      query={query}
      title={tags.picksTitle}
      intro={tags.picksIntro}
      loading={tags.picksLoading}
      empty={tags.picksEmpty}
      listClassName="pz-chips"
      renderTag={(tag) => (
        <>
          <span className="pz-tag-name">{tag.name}</span>
          {tag.state === "hidden" && <span className="pz-badge">{tags.hidden}</span>}
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
