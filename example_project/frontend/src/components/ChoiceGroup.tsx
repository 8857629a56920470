import type { ReactNode } from "react";
import { Label, RadioButton, RadioField, RadioGroup, Text } from "react-aria-components";

interface Props<Value extends string> {
  label: string;
  /** What is said about the present choice. */
  detail?: ReactNode;
  /** Null, where nothing has been chosen. */
  value: Value | null;
  choices: readonly { value: Value; label: string; detail?: string }[];
  onChange: (value: Value) => void;
}

/** A question with a few answers, of which one is chosen. */
export function ChoiceGroup<Value extends string>({ label, detail, value, choices, onChange }: Props<Value>) {
  return (
    <RadioGroup
      className="pz-choices"
      value={value}
      onChange={(chosen) => {
        const choice = choices.find((one) => one.value === chosen);
        if (choice !== undefined) onChange(choice.value);
      }}
    >
      <Label className="pz-setting-title">{label}</Label>
      {detail !== undefined && <Text slot="description" className="pz-detail">{detail}</Text>}
      <div className="pz-choice-list">
        {choices.map((choice) => (
          <RadioField key={choice.value} value={choice.value} className="pz-choice">
            <RadioButton className="pz-choice-button">
              <span className="pz-radio" aria-hidden="true" />
              {choice.label}
            </RadioButton>
            {choice.detail !== undefined && <Text slot="description" className="pz-detail">{choice.detail}</Text>}
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  );
}
