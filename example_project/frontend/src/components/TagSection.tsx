import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";

import { useFocusRescue } from "../hooks/useFocusRescue";
import type { UserTag } from "../types/models";
import { QueryState } from "./QueryState";

interface Props {
  /** The id of the heading, for links within the page. */
  id: string;
  query: UseQueryResult<UserTag[]>;
  title: string;
  intro: string;
  loading: string;
  empty: string;
  listClassName: string;
  /** The content of one row; the button to focus first carries `data-primary`. */
  renderTag: (tag: UserTag) => ReactNode;
}

/** A titled list of tags in all its states. */
export function TagSection({ id, query, title, intro, loading, empty, listClassName, renderTag }: Props) {
  const tags = query.data;
  const ids = useMemo(() => (tags ?? []).map((tag) => tag.id), [tags]);
  const section = useFocusRescue(ids);
  return (
    <section ref={section} className="pz-card" aria-labelledby={id} aria-busy={query.isPending}>
      <h2 id={id} className="pz-heading" tabIndex={-1}>
        {title}
        {ids.length > 0 && <span className="pz-count">{ids.length}</span>}
      </h2>
      <p className="pz-hint">{intro}</p>
      <QueryState queries={[query]} loading={loading}>
        {() => tags?.length === 0
          ? <p className="pz-empty">{empty}</p>
          : <ul className={listClassName}>{tags?.map((tag) => <li key={tag.id} data-row={tag.id}>{renderTag(tag)}</li>)}</ul>}
      </QueryState>
    </section>
  );
}
