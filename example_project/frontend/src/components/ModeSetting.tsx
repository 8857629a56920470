import { strings } from "../strings";
import type { Mode } from "../types/models";
import { ChoiceGroup } from "./ChoiceGroup";

const { settings } = strings;
const MODES: readonly Mode[] = ["full", "explicit", "none"];
const CHOICES = MODES.map((mode) => ({ value: mode, label: settings.mode[mode], detail: settings.modeDetail[mode] }));

/** How much of what is known about the person may be used. */
export function ModeSetting({ mode, onChange }: { mode: Mode; onChange: (mode: Mode) => void }) {
  return <ChoiceGroup label={settings.modeTitle} value={mode} choices={CHOICES} onChange={onChange} />;
}
