import { sendsGlobalPrivacyControl } from "../services/browserSignals";
import { strings } from "../strings";
import type { Consent } from "../types/models";
import { ChoiceGroup } from "./ChoiceGroup";

interface Props {
  consent: Consent;
  onChange: (consent: Consent) => void;
}

/** Yes, no, or not chosen yet: the question has no answer until the person gives one. */
export function ConsentSetting({ consent, onChange }: Props) {
  const { settings } = strings;
  const isRefusedByBrowser = consent === "unset" && sendsGlobalPrivacyControl();
  return (
    <ChoiceGroup
      label={settings.consentTitle}
      detail={(
        <>
          <strong>{settings.consentState[consent]}.</strong>{" "}
          {isRefusedByBrowser ? settings.privacyControl : settings.consent[consent]}
        </>
      )}
      value={consent === "unset" ? null : consent}
      choices={[{ value: "granted", label: settings.yes }, { value: "denied", label: settings.no }]}
      onChange={onChange}
    />
  );
}
