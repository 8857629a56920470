import { Meter } from "react-aria-components";

interface Props {
  /** What is measured, for those who hear it. */
  label: string;
  /** What is shown before the bar. */
  caption: string;
  /** From 0 to 1. */
  share: number;
}

/** A share of one as a bar with its percentage. */
export function ShareMeter({ label, caption, share }: Props) {
  return (
    <Meter className="pz-meter" value={share} maxValue={1} aria-label={label}>
      {({ percentage, valueText }) => (
        <>
          <span className="pz-detail" aria-hidden="true">{caption}</span>
          <span className="pz-meter-track" aria-hidden="true">
            <span className="pz-meter-fill" style={{ inlineSize: `${percentage}%` }} />
          </span>
          <span className="pz-meter-value" aria-hidden="true">{valueText}</span>
        </>
      )}
    </Meter>
  );
}
