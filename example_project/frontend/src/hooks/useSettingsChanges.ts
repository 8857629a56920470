import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import * as api from "../services/personalization";
import type { PersonalizationSettings, SettingsChanges } from "../types/models";
import { queryKeys } from "./queries";

export type Wanted = SettingsChanges | "defaults";

export interface SettingsFailure {
  wanted: Wanted;
  error: Error;
}

export interface SettingsControl {
  /** Save at once; the answer is whether that worked. */
  change: (wanted: Wanted) => Promise<boolean>;
  /** What is being saved. */
  saving: Wanted | null;
  /** The last that was saved. */
  saved: Wanted | null;
  failure: SettingsFailure | null;
}

/**
 * Save settings one request after the other. The page shows a change before the server has answered, and takes it
 * back when the server refuses.
 */
export function useSettingsChanges(): SettingsControl {
  const client = useQueryClient();
  const [saved, setSaved] = useState<Wanted | null>(null);
  const [failure, setFailure] = useState<SettingsFailure | null>(null);
  const show = (changes: SettingsChanges) => {
    client.setQueryData<PersonalizationSettings>(queryKeys.settings, (shown) => shown && { ...shown, ...changes });
  };

  const mutation = useMutation({
    mutationKey: queryKeys.settings,
    scope: { id: queryKeys.settings.join() },
    mutationFn: (wanted: Wanted) => (wanted === "defaults" ? api.resetSettings() : api.updateSettings(wanted)),
    onMutate: async (wanted) => {
      setSaved(null);
      await client.cancelQueries({ queryKey: queryKeys.settings });
      const before = client.getQueryData<PersonalizationSettings>(queryKeys.settings);
      if (wanted !== "defaults") show(wanted);
      return before;
    },
    onSuccess: (settings, wanted) => {
      // The answer to an earlier change knows nothing of one that is still on its way.
      if (client.isMutating({ mutationKey: queryKeys.settings }) === 1) client.setQueryData(queryKeys.settings, settings);
      setSaved(wanted);
      setFailure((current) => (current !== null && isSettledBy(current.wanted, wanted) ? null : current));
    },
    onError: (error, wanted, before) => {
      if (before !== undefined && wanted !== "defaults") show(only(before, wanted));
      setFailure({ wanted, error });
    },
  });

  const change = (wanted: Wanted) => mutation.mutateAsync(wanted).then(() => true, () => false);
  return { change, saving: mutation.isPending ? mutation.variables : null, saved, failure };
}

function only(settings: PersonalizationSettings, keys: SettingsChanges): SettingsChanges {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key in keys));
}

/** Whether a later change has made up for one that failed. */
function isSettledBy(failed: Wanted, wanted: Wanted): boolean {
  if (failed === "defaults" || wanted === "defaults") return true;
  return Object.keys(failed).every((key) => key in wanted);
}
