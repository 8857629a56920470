import { Label, Slider, SliderFill, SliderOutput, SliderThumb, SliderTrack } from "react-aria-components";

import { useSlowedChange } from "../hooks/useSlowedChange";
import { strings } from "../strings";

interface Props {
  /** From 0 to 100. */
  discovery: number;
  onChange: (discovery: number) => Promise<unknown>;
}

/** A slider: it moves at once and is saved when it rests. */
export function DiscoverySetting({ discovery, onChange }: Props) {
  const { settings } = strings;
  const slider = useSlowedChange(discovery, onChange);
  return (
    <Slider className="pz-slider" minValue={0} maxValue={100} value={slider.value} onChange={slider.move}>
      <Label className="pz-setting-title">{settings.discoveryTitle}</Label>
      <SliderOutput className="pz-slider-value" />
      <p className="pz-detail">{settings.discoveryDetail}</p>
      <SliderTrack className="pz-slider-track">
        <SliderFill className="pz-slider-fill" />
        <SliderThumb className="pz-slider-thumb" />
      </SliderTrack>
      <p className="pz-slider-ends pz-detail" aria-hidden="true">
        <span>{settings.discoveryLeast}</span>
        <span>{settings.discoveryMost}</span>
      </p>
    </Slider>
  );
}
