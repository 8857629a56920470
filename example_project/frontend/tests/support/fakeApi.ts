import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { type Answer, FakeProfile } from "./fakeProfile";

export const BASE_PATH = "/api/v1/";

export interface ReceivedRequest {
  method: string;
  path: string;
  body: unknown;
  csrfToken: string | undefined;
}

/**
 * A small HTTP server that keeps one person's profile in memory and speaks the API's contract.
 * A test may hold an answer back, replace it, or change the profile as another tab would.
 */
export class FakeApi {
  profile = new FakeProfile();
  requests: ReceivedRequest[] = [];
  private answers = new Map<string, Answer[]>();
  private gates = new Map<string, Promise<void>>();
  private server = createServer((request, response) => void this.handle(request, response));

  get taxonomies() { return this.profile.taxonomies; }
  set taxonomies(taxonomies) { this.profile.taxonomies = taxonomies; }
  get tags() { return this.profile.tags; }
  set tags(tags) { this.profile.tags = tags; }

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
    this.profile = new FakeProfile();
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

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    this.requests.push(request);
    const { method, path, body: sent } = request;
    await this.gates.get(`${method} ${path}`);
    const answer = this.answers.get(`${method} ${path}`)?.shift() ?? this.profile.answer(method, path, sent);
    const { status, body, headers, text } = answer;
    response.writeHead(status, { "Content-Type": text === undefined ? "application/json" : "text/html", ...headers });
    response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
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
