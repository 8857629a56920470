import { useLayoutEffect, useMemo, useRef, useState } from "react";

import { useEvidence } from "../hooks/queries";
import { useFocusRescue } from "../hooks/useFocusRescue";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";
import { EvidenceRow } from "./EvidenceRow";
import { QueryState } from "./QueryState";

/** What fed one tag, a page at a time; each of it can be deleted. */
export function EvidenceList({ tag }: { tag: UserTag }) {
  const { evidence } = strings;
  const query = useEvidence(tag.id);
  const rows = useMemo(() => query.data?.pages.flatMap(({ results }) => results) ?? [], [query.data]);
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const container = useFocusRescue<HTMLDivElement>(ids);
  const [deleted, setDeleted] = useState("");
  const { list, showMore } = useFocusOnMore(ids.length, () => void query.fetchNextPage());
  // A page that failed is said below the list, where it was asked for.
  const whole = { ...query, isError: query.isError && !query.isFetchNextPageError };

  return (
    <div ref={container} className="pz-evidence" aria-busy={query.isPending}>
      <QueryState queries={[whole]} loading={evidence.loading}>
        {() => rows.length === 0
          ? <p className="pz-empty">{evidence.empty}</p>
          : (
            <ul ref={list} className="pz-rows" aria-label={evidence.list(tag.name)}>
              {rows.map((row) => <li key={row.id} data-row={row.id}><EvidenceRow row={row} onDeleted={setDeleted} /></li>)}
            </ul>
          )}
      </QueryState>
      {query.isFetchNextPageError && <ErrorMessage title={evidence.moreFailed} error={query.error} />}
      {query.hasNextPage && (
        <ActionButton isBusy={query.isFetchingNextPage} onPress={showMore}>
          {query.isFetchingNextPage ? evidence.loadingMore : evidence.showMore}
        </ActionButton>
      )}
      <p className="pz-detail" role="status">{deleted !== "" && evidence.deleted(deleted)}</p>
    </div>
  );
}

/** Load more, and move the focus to the first of it: the button may be gone, and the new rows are above it. */
function useFocusOnMore(count: number, load: () => void) {
  const list = useRef<HTMLUListElement>(null);
  const from = useRef<number | null>(null);

  useLayoutEffect(() => {
    if (from.current === null || count <= from.current) return;
    list.current?.children[from.current]?.querySelector("button")?.focus();
    from.current = null;
  }, [count]);

  const showMore = () => {
    from.current = count;
    load();
  };
  return { list, showMore };
}
