import { useHeadingFocus } from "../hooks/useHeadingFocus";
import type { SettingsControl } from "../hooks/useSettingsChanges";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

interface Props {
  control: SettingsControl;
  /** What it means that the setting was not saved. */
  title?: string;
}

/** Says that a setting was not saved, and offers to try again. */
export function SettingsFailure({ control, title }: Props) {
  const { failure, saving, change } = control;
  const { container, onPressed } = useHeadingFocus<HTMLDivElement>(failure !== null);
  return (
    <div ref={container}>
      {failure !== null && (
        <ErrorMessage
          title={title ?? (failure.wanted === "defaults" ? strings.settings.resetFailed : strings.settings.failed)}
          error={failure.error}
        >
          <ActionButton
            isBusy={saving !== null}
            onPress={() => {
              onPressed();
              void change(failure.wanted);
            }}
          >
            {strings.retry}
          </ActionButton>
        </ErrorMessage>
      )}
    </div>
  );
}
