import { Meter } from "react-aria-components";

import { strings } from "../strings";

interface Props {
  name: string;
  /** From 0 to 1. */
  confidence: number;
}

export function ConfidenceMeter({ name, confidence }: Props) {
  return (
    <Meter className="pz-meter" value={confidence} maxValue={1} aria-label={`${name}: ${strings.tags.confidence}`}>
      {({ percentage, valueText }) => (
        <>
          <span className="pz-detail" aria-hidden="true">{strings.tags.confidence}</span>
          <span className="pz-meter-track" aria-hidden="true">
            <span className="pz-meter-fill" style={{ inlineSize: `${percentage}%` }} />
          </span>
          <span className="pz-meter-value" aria-hidden="true">{valueText}</span>
        </>
      )}
    </Meter>
  );
}
