import type { ReactNode } from "react";

import { useHeadingFocus } from "../hooks/useHeadingFocus";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

/** What is needed of a query, whether it is one page or many. */
interface Loadable {
  data: unknown;
  error: Error | null;
  isError: boolean;
  isFetching: boolean;
  refetch: () => unknown;
}

interface Props {
  /** What must be there before the content can be shown. */
  queries: readonly Loadable[];
  loading: string;
  children: () => ReactNode;
}

/** Show that something is loading, that it failed (with Retry), or the content. */
export function QueryState({ queries, loading, children }: Props) {
  const isComplete = queries.every(({ data }) => data !== undefined);
  const failed = queries.filter(({ isError }) => isError);
  const { container, onPressed } = useHeadingFocus<HTMLDivElement>(failed.length > 0);
  return (
    <div ref={container}>
      {failed[0] !== undefined && (
        <ErrorMessage title={isComplete ? strings.stale : strings.errors.loading} error={failed[0].error}>
          <RetryButton queries={failed} onRetry={onPressed} />
        </ErrorMessage>
      )}
      {isComplete && children()}
      {!isComplete && failed.length === 0 && <Skeleton text={loading} />}
    </div>
  );
}

function RetryButton({ queries, onRetry }: { queries: readonly Loadable[]; onRetry: () => void }) {
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

/** What stands where something is loading. */
export function Skeleton({ text }: { text: string }) {
  return (
    <div className="pz-skeleton">
      <p role="status">{text}</p>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </div>
  );
}
