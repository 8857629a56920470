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

/** An export can be long: it has ten minutes, however little the host grants to other requests. */
const DOWNLOAD_TIMEOUT = 600_000;

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
    signal: withTimeout(options.signal, config.timeout),
  });
  return decode<T>(response);
}

/** Fetch a JSON document as it is, to be saved as a file. It throws what `request` throws. */
export async function download(path: string, signal?: AbortSignal): Promise<Blob> {
  const url = buildUrl(path);
  const response = await send(url, {
    headers: buildHeaders("GET", url, undefined),
    credentials: "same-origin",
    signal: withTimeout(signal, DOWNLOAD_TIMEOUT),
  });
  // Read to its end and parsed: a document that broke off must not pass for all there is.
  const { text } = await receive(response);
  return new Blob([text], { type: "application/json" });
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

function withTimeout(signal: AbortSignal | undefined, milliseconds: number): AbortSignal {
  const timeout = AbortSignal.timeout(milliseconds);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

const send = (url: URL, init: RequestInit) => read(() => fetch(url, init));

async function read<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (isNamed(error, "AbortError")) throw error;
    throw new NetworkError(isNamed(error, "TimeoutError"), error);
  }
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === name;
}

async function decode<T>(response: Response): Promise<T> {
  return (await receive(response)).body as T;
}

async function receive(response: Response): Promise<{ text: string; body: unknown }> {
  const text = await read(() => response.text());
  const body = parse(text);
  if (!response.ok) throw new ApiError(response.status, body, retryAfter(response));
  // A host that demands a login everywhere redirects to its login page: success, but not of ours.
  if (body === UNREADABLE) throw new ApiError(response.redirected ? 401 : 502);
  return { text, body };
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
