import { strings } from "../strings";
import { ApiError, NetworkError } from "./errors";

export interface ErrorDescription {
  /** What happened and what to do, in words for the person. */
  summary: string;
  /** What the server said about it, if anything. */
  details: string[];
}

/** Say in words what went wrong. `signedOut` replaces the sentence for a session that has ended. */
export function describeError(error: unknown, signedOut = strings.errors.signedOut): ErrorDescription {
  if (error instanceof NetworkError) {
    return { summary: error.timedOut ? strings.errors.timeout : strings.errors.offline, details: [] };
  }
  if (!(error instanceof ApiError)) return { summary: strings.errors.loading, details: [String(error)] };
  if (error.isSignedOut) return { summary: signedOut, details: [] };
  if (error.status >= 500) return { summary: strings.errors.server(error.status), details: [] };
  return { summary: summarizeRefusal(error), details: error.messages };
}

function summarizeRefusal(error: ApiError): string {
  if (error.status === 404) return strings.errors.gone;
  if (error.status === 429) return strings.errors.tooMany(error.retryAfter);
  return strings.errors.refused;
}
