import { useId, useLayoutEffect, useRef, useState } from "react";
import { Toolbar } from "react-aria-components";

import { strings } from "../strings";
import type { TaxonomyGroup } from "../types/models";
import { ActionButton } from "./ActionButton";
import { TaxonomyToggle } from "./TaxonomyToggle";

/** How many of a category are shown at first, and more at each press: thousands at once would take seconds. */
const STEP = 100;

interface Props {
  groups: readonly TaxonomyGroup[];
  withHeadings: boolean;
  picked: ReadonlySet<number>;
  onToggle: (id: number) => void;
}

export function TaxonomyGrid({ groups, ...rest }: Props) {
  return groups.map((group) => <Category key={group.category} group={group} {...rest} />);
}

interface CategoryProps extends Omit<Props, "groups"> {
  group: TaxonomyGroup;
}

/** Toggle buttons that are one Tab stop: the arrow keys move inside it. */
function Category({ group: { label, taxonomies }, withHeadings, picked, onToggle }: CategoryProps) {
  const { grid, limit, showMore } = useShowMore();
  const headingId = useId();
  const left = taxonomies.length - limit;
  return (
    <div className="pz-group">
      {withHeadings && <h3 id={headingId} className="pz-group-heading">{label}</h3>}
      <Toolbar ref={grid} className="pz-grid" {...(withHeadings ? { "aria-labelledby": headingId } : { "aria-label": label })}>
        {taxonomies.slice(0, limit).map((taxonomy) => (
          <TaxonomyToggle key={taxonomy.id} taxonomy={taxonomy} isPicked={picked.has(taxonomy.id)} onToggle={onToggle} />
        ))}
      </Toolbar>
      {left > 0 && <ActionButton onPress={showMore}>{strings.picker.showMore(Math.min(left, STEP), left)}</ActionButton>}
    </div>
  );
}

/** A limit that grows, with the focus on the first of what has been added. */
function useShowMore() {
  const grid = useRef<HTMLDivElement>(null);
  const [limit, setLimit] = useState(STEP);

  useLayoutEffect(() => {
    if (limit > STEP) grid.current?.querySelectorAll("button")[limit - STEP]?.focus({ preventScroll: true });
  }, [limit]);

  return { grid, limit, showMore: () => { setLimit((current) => current + STEP); } };
}
