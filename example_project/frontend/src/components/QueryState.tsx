import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";

import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

interface Props {
  /** What must be there before the content can be shown. */
  queries: readonly UseQueryResult[];
  loading: string;
  children: () => ReactNode;
}

/** Show that something is loading, that it failed (with Retry), or the content. */
export function QueryState({ queries, loading, children }: Props) {
  const isComplete = queries.every(({ data }) => data !== undefined);
  const failed = queries.filter(({ isError }) => isError);
  const { container, onRetry } = useFocusAfterRetry(failed.length > 0);
  return (
    <div ref={container}>
      {failed[0] !== undefined && (
        <ErrorMessage title={isComplete ? strings.stale : strings.errors.loading} error={failed[0].error}>
          <RetryButton queries={failed} onRetry={onRetry} />
        </ErrorMessage>
      )}
      {isComplete && children()}
      {!isComplete && failed.length === 0 && <Skeleton text={loading} />}
    </div>
  );
}

/** When the pressed Retry button has gone, move the focus to the section's heading. */
function useFocusAfterRetry(hasFailed: boolean) {
  const container = useRef<HTMLDivElement>(null);
  const isRetried = useRef(false);

  useEffect(() => {
    if (hasFailed || !isRetried.current) return;
    isRetried.current = false;
    if (document.activeElement !== document.body) return;
    container.current?.closest("section")?.querySelector("h2")?.focus({ preventScroll: true });
  }, [hasFailed]);

  return { container, onRetry: () => { isRetried.current = true; } };
}

function RetryButton({ queries, onRetry }: { queries: readonly UseQueryResult[]; onRetry: () => void }) {
  const retry = () => {
    onRetry();
    queries.forEach((query) => void query.refetch());
  };
  return (
    <ActionButton isBusy={queries.some(({ isFetching }) => isFetching)} onPress={retry}>
      {strings.retry}
    </ActionButton>
  );
}

function Skeleton({ text }: { text: string }) {
  return (
    <div className="pz-skeleton">
      <p role="status">{text}</p>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </div>
  );
}
