import { memo, useId } from "react";
import { ToggleButton, Toolbar } from "react-aria-components";

import type { Taxonomy, TaxonomyGroup } from "../types/models";

interface Props {
  groups: readonly TaxonomyGroup[];
  withHeadings: boolean;
  picked: ReadonlySet<number>;
  onToggle: (id: number) => void;
}

/** Toggle buttons, one Tab stop per category: the arrow keys move inside it. */
export function TaxonomyGrid({ groups, withHeadings, picked, onToggle }: Props) {
  return groups.map(({ category, label, taxonomies }) => (
    <div key={category} className="pz-group">
      {withHeadings && <h3 className="pz-group-heading">{label}</h3>}
      <Toolbar className="pz-grid" aria-label={label}>
        {taxonomies.map((taxonomy) => (
          <TaxonomyToggle key={taxonomy.id} taxonomy={taxonomy} isPicked={picked.has(taxonomy.id)} onToggle={onToggle} />
        ))}
      </Toolbar>
    </div>
  ));
}

interface ToggleProps {
  taxonomy: Taxonomy;
  isPicked: boolean;
  onToggle: (id: number) => void;
}

const TaxonomyToggle = memo(function TaxonomyToggle({ taxonomy, isPicked, onToggle }: ToggleProps) {
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
