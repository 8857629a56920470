import { ApiError, NetworkError } from "./errors";

export interface ApiConfig {
  /** Where the host mounted the API, for example `/api/v1/`. */
  apiBaseUrl: string;
  /** The cookie that holds Django's CSRF token (`CSRF_COOKIE_NAME`). */
  csrfCookieName: string;
  /** How long one request may take, in milliseconds. */
  timeout: number;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type QueryValue = string | number | undefined;

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, QueryValue>;
  signal?: AbortSignal | undefined;
}

const DEFAULTS: ApiConfig = { apiBaseUrl: "/api/v1/", csrfCookieName: "csrftoken", timeout: 30_000 };

let config: ApiConfig = DEFAULTS;

/** Say where the API is. Call it once, before the page is mounted. */
export function configureApi(changes: Partial<ApiConfig>): void {
  config = { ...DEFAULTS, ...changes };
}

/**
 * Send one request and return the decoded answer (`undefined` for an empty one).
 *
 * @throws {ApiError} the server refused or failed
 * @throws {NetworkError} no answer came
 */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const url = buildUrl(path, options.query);
  const response = await send(url, {
    method,
    headers: buildHeaders(method, url, options.body),
    credentials: "same-origin",
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: withTimeout(options.signal),
  });
  return decode<T>(response);
}

function buildUrl(path: string, query: RequestOptions["query"] = {}): URL {
  const base = config.apiBaseUrl.endsWith("/") ? config.apiBaseUrl : `${config.apiBaseUrl}/`;
  const url = new URL(path, new URL(base, document.baseURI));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function buildHeaders(method: Method, url: URL, body: unknown): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  // The token is read anew each time (signing in again changes it) and never given to another site.
  const token = method === "GET" || url.origin !== window.location.origin ? null : readCookie(config.csrfCookieName);
  if (token !== null) headers.set("X-CSRFToken", token);
  return headers;
}

function readCookie(name: string): string | null {
  const prefix = `${name}=`;
  const pair = document.cookie.split("; ").find((item) => item.startsWith(prefix));
  return pair === undefined ? null : decodeURIComponent(pair.slice(prefix.length));
}

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(config.timeout);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (isNamed(error, "AbortError")) throw error;
    throw new NetworkError(isNamed(error, "TimeoutError"), error);
  }
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === name;
}

async function decode<T>(response: Response): Promise<T> {
  const body = parse(await readText(response));
  if (!response.ok) throw new ApiError(response.status, body, retryAfter(response));
  // A host that demands a login everywhere redirects to its login page: success, but not of ours.
  if (body === UNREADABLE) throw new ApiError(response.redirected ? 401 : 502);
  return body as T;
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (isNamed(error, "AbortError")) throw error;
    throw new NetworkError(isNamed(error, "TimeoutError"), error);
  }
}

const UNREADABLE = Symbol("not JSON");

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return UNREADABLE;
  }
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
