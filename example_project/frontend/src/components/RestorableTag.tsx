import type { TagActions } from "../hooks/useTagActions";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { TagButton } from "./TagButton";

/** A tag that the person removed or hid. */
export function RestorableTag({ tag, actions }: { tag: UserTag; actions: TagActions }) {
  return (
    <>
      <span className="pz-tag-name">{tag.name}</span>
      <TagButton
        verb={strings.tags.restore}
        name={tag.name}
        isBusy={actions.isBusy(tag)}
        isPrimary
        onPress={() => { actions.restore(tag); }}
      />
    </>
  );
}
