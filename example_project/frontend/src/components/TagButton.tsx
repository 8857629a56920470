import { strings } from "../strings";
import { ActionButton } from "./ActionButton";

interface Props {
  verb: string;
  name: string;
  isBusy: boolean;
  isPrimary?: boolean;
  onPress: () => void;
}

/** A button of one row: short to the eye, with the tag's name for those who hear it. */
export function TagButton({ verb, name, isBusy, isPrimary = false, onPress }: Props) {
  return (
    <ActionButton
      look="small"
      label={strings.tags.action(verb, name)}
      isBusy={isBusy}
      isPrimaryOfRow={isPrimary}
      onPress={onPress}
    >
      {verb}
    </ActionButton>
  );
}
