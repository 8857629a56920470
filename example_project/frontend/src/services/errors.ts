/** REST framework's error body: `{"detail": "..."}` or `{"field": ["...", ...]}`, possibly nested. */
export type ErrorBody = unknown;

/** The server answered, and the answer was not a success. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly body: ErrorBody = null,
    /** Seconds that the server asks the client to wait (`Retry-After`), where it said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(`The server answered with status ${status}.`);
  }

  /** True when the session has ended: nothing is wrong with what was sent. */
  get isSignedOut(): boolean {
    return this.status === 401 || this.status === 403;
  }

  /** What the server says is wrong, one sentence each, with the field's name where it has one. */
  get messages(): string[] {
    return collectMessages(this.body);
  }
}

/** No answer came: offline, refused, interrupted, or too slow. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";

  constructor(readonly timedOut: boolean, cause: unknown) {
    super(timedOut ? "The server did not answer in time." : "The server could not be reached.", { cause });
  }
}

// These keys name no field of ours: the sentence stands by itself.
const UNNAMED_FIELDS = new Set(["detail", "non_field_errors"]);

function collectMessages(body: ErrorBody, field = ""): string[] {
  if (typeof body === "string") return [field ? `${field}: ${body}` : body];
  if (Array.isArray(body)) return [...new Set(body.flatMap((item) => collectMessages(item, field)))];
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([key, value]) =>
    collectMessages(value, UNNAMED_FIELDS.has(key) || /^\d+$/.test(key) ? field : key),
  );
}
