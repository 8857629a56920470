import type { UseQueryResult } from "@tanstack/react-query";

import { useSettingsChanges } from "../hooks/useSettingsChanges";
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
import { SettingOutcome } from "./SettingOutcome";
import { WithdrawDialog } from "./WithdrawDialog";

/** What the person decides about learning and about what is used; each change is saved at once. */
export function SettingsSection({ query }: { query: UseQueryResult<PersonalizationSettings> }) {
  const { settings } = strings;
  return (
    <section className="pz-card" aria-labelledby={SECTION_IDS.settings} aria-busy={query.isPending}>
      <h2 id={SECTION_IDS.settings} className="pz-heading" tabIndex={-1}>{settings.title}</h2>
      <p className="pz-hint">{settings.intro}</p>
      <QueryState queries={[query]} loading={settings.loading}>
        {() => query.data !== undefined && <Settings {...query.data} />}
      </QueryState>
    </section>
  );
}

function Settings({ consent, paused, mode, discovery }: PersonalizationSettings) {
  const control = useSettingsChanges();
  const withdrawal = useWithdrawal();
  const { change } = control;

  const chooseConsent = async (choice: Consent) => {
    withdrawal.forget();
    const wasSaved = await change({ consent: choice });
    if (wasSaved && choice === "denied") await withdrawal.offer();
  };

  return (
    <div className="pz-settings">
      <div>
        <ConsentSetting consent={consent} onChange={(choice) => void chooseConsent(choice)} />
        <SettingOutcome of="consent" control={control} />
        <p className="pz-outcome" role="status">
          {withdrawal.deleted !== null && strings.data.erased(withdrawal.deleted)}
        </p>
      </div>
      <div>
        <PausedSetting isPaused={paused} onChange={(isPaused) => void change({ paused: isPaused })} />
        <SettingOutcome of="paused" control={control} />
      </div>
      <div>
        <ModeSetting mode={mode} onChange={(choice) => void change({ mode: choice })} />
        <SettingOutcome of="mode" control={control} />
      </div>
      <div>
        <DiscoverySetting discovery={discovery} onChange={(value) => change({ discovery: value })} />
        <SettingOutcome of="discovery" control={control} />
      </div>
      <div>
        <ActionButton onPress={() => void change("defaults")}>{strings.settings.reset}</ActionButton>
        <SettingOutcome of="defaults" control={control} />
      </div>
      <WithdrawDialog withdrawal={withdrawal} />
    </div>
  );
}
