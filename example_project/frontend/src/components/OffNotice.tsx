import { strings } from "../strings";
import { ActionButton } from "./ActionButton";

/** Stands where tags are picked while personalization is off. */
export function OffNotice({ isBusy, onSwitchOn }: { isBusy: boolean; onSwitchOn: () => void }) {
  const { settings } = strings;
  return (
    <div className="pz-empty">
      <p className="pz-strong">{settings.off}</p>
      <p>{settings.offDetail}</p>
      <ActionButton look="primary" isBusy={isBusy} onPress={onSwitchOn}>{settings.switchOn}</ActionButton>
    </div>
  );
}
