import type { UseQueryResult } from "@tanstack/react-query";

import { type SettingsControl, useSettingsChanges } from "../hooks/useSettingsChanges";
import { useWithdrawal } from "../hooks/useWithdrawal";
import { strings } from "../strings";
import type { Consent, PersonalizationSettings } from "../types/models";
import { ActionButton } from "./ActionButton";
import { ConsentSetting } from "./ConsentSetting";
import { DiscoverySetting } from "./DiscoverySetting";
import { ModeSetting } from "./ModeSetting";
import { PausedSetting } from "./PausedSetting";
import { QueryState } from "./QueryState";
import { SECTION_IDS } from "./SectionLinks";
import { SettingsFailure } from "./SettingsFailure";
import { WithdrawDialog } from "./WithdrawDialog";

/** What the person decides about learning and about what is used; each change is saved at once. */
export function SettingsSection({ query }: { query: UseQueryResult<PersonalizationSettings> }) {
  const { settings: texts } = strings;
  const control = useSettingsChanges();
  const withdrawal = useWithdrawal();

  const chooseConsent = async (consent: Consent) => {
    withdrawal.forget();
    const wasSaved = await control.change({ consent });
    if (wasSaved && consent === "denied") await withdrawal.offer();
  };

  return (
    <section className="pz-card" aria-labelledby={SECTION_IDS.settings} aria-busy={query.isPending}>
      <h2 id={SECTION_IDS.settings} className="pz-heading" tabIndex={-1}>{texts.title}</h2>
      <p className="pz-hint">{texts.intro}</p>
      <QueryState queries={[query]} loading={texts.loading}>
        {() => query.data !== undefined && (
          <div className="pz-settings">
            <ConsentSetting consent={query.data.consent} onChange={(consent) => void chooseConsent(consent)} />
            <PausedSetting isPaused={query.data.paused} onChange={(paused) => void control.change({ paused })} />
            <ModeSetting mode={query.data.mode} onChange={(mode) => void control.change({ mode })} />
            <DiscoverySetting discovery={query.data.discovery} onChange={(discovery) => control.change({ discovery })} />
            <ActionButton onPress={() => void control.change("defaults")}>{texts.reset}</ActionButton>
          </div>
        )}
      </QueryState>
      <SettingsFailure control={control} />
      <p className="pz-outcome" role="status">
        {outcome(control)} {withdrawal.deleted !== null && strings.data.erased(withdrawal.deleted)}
      </p>
      <WithdrawDialog withdrawal={withdrawal} />
    </section>
  );
}

function outcome({ isSaving, saved }: SettingsControl): string {
  const { settings } = strings;
  if (isSaving) return settings.saving;
  if (saved === null) return "";
  return saved === "defaults" ? settings.wasReset : settings.saved(saved);
}
