import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { UserTag } from "../../src/types/models";
import { tag, TAXONOMIES } from "./data";

export const BASE_PATH = "/api/v1/";

export interface ReceivedRequest {
  method: string;
  path: string;
  body: unknown;
  csrfToken: string | undefined;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** What is sent as it is, where the answer is not JSON. */
  text?: string;
}

type Handler = (request: ReceivedRequest, id: number) => Answer;

const ok = (body: unknown): Answer => ({ status: 200, body });
const NOT_FOUND: Answer = { status: 404, body: { detail: "Not found." } };
const NO_CONTENT: Answer = { status: 204 };

/**
 * A small HTTP server that keeps one person's tags in memory and speaks the API's contract.
 * A test may hold an answer back, replace it, or change the state as another tab would.
 */
export class FakeApi {
  taxonomies = TAXONOMIES;
  tags: UserTag[] = [];
  requests: ReceivedRequest[] = [];
  private answers = new Map<string, Answer[]>();
  private gates = new Map<string, Promise<void>>();
  private server = createServer((request, response) => void this.handle(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Back to an empty profile and to plain answers. */
  reset(): void {
    this.taxonomies = TAXONOMIES;
    this.tags = [];
    this.requests = [];
    this.answers.clear();
    this.gates.clear();
  }

  /** Answer the next `times` requests of this route otherwise. */
  answer(method: string, path: string, answer: Answer, times = 1): void {
    this.answers.set(`${method} ${path}`, Array<Answer>(times).fill(answer));
  }

  /** Let requests of this route wait until the returned function is called. */
  hold(method: string, path: string): () => void {
    let release: () => void = () => undefined;
    this.gates.set(`${method} ${path}`, new Promise((resolve) => { release = resolve; }));
    return release;
  }

  received(method: string, path: string): ReceivedRequest[] {
    return this.requests.filter((request) => request.method === method && request.path === path);
  }

  listed(kind: "manual" | "auto_generated" | "dismissed"): UserTag[] {
    if (kind === "dismissed") return this.tags.filter(({ state }) => state === "dismissed");
    return this.tags.filter(({ state, source }) => state !== "dismissed" && (source === "manual") === (kind === "manual"));
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    this.requests.push(request);
    const route = `${request.method} ${request.path}`;
    await this.gates.get(route);
    const { status, body, headers, text } = this.answers.get(route)?.shift() ?? this.dispatch(request);
    response.writeHead(status, { "Content-Type": text === undefined ? "application/json" : "text/html", ...headers });
    response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
  }

  private dispatch(request: ReceivedRequest): Answer {
    const id = Number(/\d+/.exec(request.path)?.[0] ?? NaN);
    const route = `${request.method} ${request.path.replace(/\d+/, "{id}").replace(/\?.*/, "")}`;
    return this.routes[route]?.(request, id) ?? NOT_FOUND;
  }

  private readonly routes: Record<string, Handler> = {
    "GET taxonomies/": () => ok(Object.values(this.taxonomies).flat()),
    "GET taxonomies/by_category/": () => ok(this.taxonomies),
    "GET me/tags/": () => ok(this.tags),
    "GET me/tags/manual/": () => ok(this.listed("manual")),
    "GET me/tags/auto_generated/": () => ok(this.listed("auto_generated")),
    "GET me/tags/dismissed/": () => ok(this.listed("dismissed")),
    "POST me/tags/": ({ body }) => ok(this.pick(body as { taxonomy?: number; name?: string })),
    "DELETE me/tags/{id}/": (_, id) => (this.change(id, { state: "dismissed" }) ? NO_CONTENT : NOT_FOUND),
    "POST me/tags/{id}/restore/": (_, id) => {
      const restored = this.change(id, { state: "active" });
      return restored ? ok(restored) : NOT_FOUND;
    },
    "PUT me/tags/selection/": ({ body }) => {
      const { taxonomy_ids: ids } = body as { taxonomy_ids: number[] };
      this.tags = this.tags.filter(({ source, taxonomy }) => source !== "manual" || taxonomy === null || ids.includes(taxonomy));
      ids.forEach((taxonomy) => this.pick({ taxonomy }));
      return ok(this.listed("manual"));
    },
  };

  private change(id: number, changes: Partial<UserTag>): UserTag | undefined {
    this.tags = this.tags.map((row) => (row.id === id ? { ...row, ...changes } : row));
    return this.tags.find((row) => row.id === id);
  }

  private pick({ taxonomy, name }: { taxonomy?: number; name?: string }): UserTag {
    const row = this.tags.find((one) => (taxonomy === undefined ? one.name === name : one.taxonomy === taxonomy));
    const promoted = row && this.change(row.id, { source: "manual", confidence_score: 1, state: "active" });
    if (promoted) return promoted;
    const found = Object.values(this.taxonomies).flat().find(({ id }) => id === taxonomy);
    const created = tag(1000 + this.tags.length, found ?? name ?? "");
    this.tags = [...this.tags, created];
    return created;
  }
}

async function read(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    method: incoming.method ?? "",
    path: (incoming.url ?? "").replace(BASE_PATH, ""),
    body: text === "" ? undefined : JSON.parse(text),
    csrfToken: incoming.headers["x-csrftoken"] as string | undefined,
  };
}
