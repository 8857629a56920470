import { Meter } from "react-aria-components";

import { strings } from "../strings";

const percent = new Intl.NumberFormat(strings.locale, { style: "percent", maximumFractionDigits: 0 });

interface Props {
  name: string;
  /** From 0 to 1. */
  confidence: number;
}

export function ConfidenceMeter({ name, confidence }: Props) {
  const text = percent.format(confidence);
  return (
    <Meter className="pz-meter" value={confidence} maxValue={1} valueLabel={text} aria-label={`${name}: ${strings.tags.confidence}`}>
      <span className="pz-detail" aria-hidden="true">{strings.tags.confidence}</span>
      <span className="pz-meter-track" aria-hidden="true">
        <span className="pz-meter-fill" style={{ inlineSize: text }} />
      </span>
      <span className="pz-meter-value" aria-hidden="true">{text}</span>
    </Meter>
  );
}
