import { Button } from "react-aria-components";

import { strings } from "../strings";

interface Props {
  verb: string;
  name: string;
  isBusy: boolean;
  /** The button of its row that gets the focus when a neighbouring row goes. */
  isPrimary?: boolean;
  onPress: () => void;
}

/** A button of one row: short to the eye, with the tag's name for those who hear it. */
export function TagButton({ verb, name, isBusy, isPrimary = false, onPress }: Props) {
  return (
    <Button
      className="pz-button pz-button-small"
      aria-label={strings.tags.action(verb, name)}
      data-primary={isPrimary || undefined}
      isPending={isBusy}
      onPress={onPress}
    >
      {verb}
    </Button>
  );
}
