import { memo, useId } from "react";
import { ToggleButton } from "react-aria-components";

import type { Taxonomy } from "../types/models";

interface Props {
  taxonomy: Taxonomy;
  isPicked: boolean;
  onToggle: (id: number) => void;
}

export const TaxonomyToggle = memo(function TaxonomyToggle({ taxonomy, isPicked, onToggle }: Props) {
  const descriptionId = useId();
  const hasDescription = taxonomy.description !== "";
  return (
    <div className="pz-option">
      <ToggleButton
        className="pz-toggle"
        isSelected={isPicked}
        onChange={() => { onToggle(taxonomy.id); }}
        {...(hasDescription && { "aria-describedby": descriptionId })}
      >
        <span className="pz-check" aria-hidden="true" />
        {taxonomy.name}
      </ToggleButton>
      {/* Beside the button and not in it: the name of a button is all of its text. */}
      {hasDescription && <p id={descriptionId} className="pz-option-description">{taxonomy.description}</p>}
    </div>
  );
});
