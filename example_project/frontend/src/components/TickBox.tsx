import type { Ref } from "react";
import { CheckboxButton, CheckboxField, FieldError } from "react-aria-components";

interface Props {
  label: string;
  isTicked: boolean;
  onChange: (isTicked: boolean) => void;
  /** What is wrong with it as it is. */
  error?: string;
  inputRef?: Ref<HTMLInputElement | null>;
}

export function TickBox({ label, isTicked, onChange, error, inputRef }: Props) {
  return (
    <CheckboxField
      className="pz-choice"
      isSelected={isTicked}
      onChange={onChange}
      isInvalid={error !== undefined}
      validationBehavior="aria"
      {...(inputRef !== undefined && { inputRef })}
    >
      <CheckboxButton className="pz-choice-button">
        <span className="pz-check" aria-hidden="true" />
        {label}
      </CheckboxButton>
      <FieldError className="pz-field-error">{error}</FieldError>
    </CheckboxField>
  );
}
