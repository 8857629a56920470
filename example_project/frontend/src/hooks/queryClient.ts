import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "../services/errors";

const MAX_RETRIES = 2;

/** A refusal stays a refusal; only a missing answer or a failing server is worth another try. */
function isWorthRetrying(failures: number, error: Error): boolean {
  const refused = error instanceof ApiError && error.status < 500;
  return !refused && failures < MAX_RETRIES;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // "always": without a network the request fails and the page says so, where it would else wait in silence.
      queries: { networkMode: "always", retry: isWorthRetrying },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
