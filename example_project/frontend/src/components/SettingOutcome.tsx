import type { SettingsControl, Wanted } from "../hooks/useSettingsChanges";
import { strings } from "../strings";
import type { PersonalizationSettings } from "../types/models";
import { SettingsFailure } from "./SettingsFailure";

interface Props {
  /** The setting below which it stands. */
  of: keyof PersonalizationSettings | "defaults";
  control: SettingsControl;
}

/** Says what became of a change, where it was made. */
export function SettingOutcome({ of, control }: Props) {
  const isAbout = (wanted: Wanted | null): wanted is Wanted =>
    wanted !== null && (wanted === "defaults" ? of === "defaults" : of in wanted);
  const { saving, saved, failure } = control;
  return (
    <>
      <SettingsFailure control={{ ...control, failure: isAbout(failure?.wanted ?? null) ? failure : null }} />
      <p className="pz-outcome" role="status">
        {isAbout(saving) && strings.settings.saving}
        {isAbout(saved) && (saved === "defaults" ? strings.settings.wasReset : strings.settings.saved(saved))}
      </p>
    </>
  );
}
