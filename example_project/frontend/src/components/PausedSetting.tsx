import { SwitchButton, SwitchField, Text } from "react-aria-components";

import { strings } from "../strings";

interface Props {
  isPaused: boolean;
  onChange: (isPaused: boolean) => void;
}

export function PausedSetting({ isPaused, onChange }: Props) {
  const { settings } = strings;
  return (
    <SwitchField className="pz-choice" isSelected={isPaused} onChange={onChange}>
      <SwitchButton className="pz-choice-button pz-setting-title">
        <span className="pz-switch" aria-hidden="true" />
        {settings.pausedTitle}
      </SwitchButton>
      <Text slot="description" className="pz-detail">{settings.pausedDetail}</Text>
    </SwitchField>
  );
}
