import { useDismissedTags, useHiddenTags, useInferredTags, useManualTags, useOverview } from "./queries";

/** How much is stored about the person, for those who are about to delete it. */
export interface StoredCounts {
  tags: Record<"picked" | "inferred" | "hidden" | "removed", number>;
  interactions: number;
}

export function useStored() {
  const [manual, inferred, hidden, dismissed] = [useManualTags(), useInferredTags(), useHiddenTags(), useDismissedTags()];
  const overview = useOverview();
  const counts: StoredCounts = {
    tags: {
      picked: manual.data?.length ?? 0,
      inferred: inferred.data?.length ?? 0,
      hidden: hidden.data?.length ?? 0,
      removed: dismissed.data?.length ?? 0,
    },
    interactions: overview.data?.total_interactions ?? 0,
  };
  return { queries: [manual, inferred, hidden, dismissed, overview], counts };
}
