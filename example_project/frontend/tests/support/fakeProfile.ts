import type { Consent, PersonalizationSettings, RankingParameters, TagEvidence, UserTag } from "../../src/types/models";
import { PARAMETERS, tag, TAXONOMIES } from "./data";

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** What is sent as it is, where the answer is not JSON. */
  text?: string;
}

export interface Received {
  body: unknown;
  /** The first number in the path. */
  id: number;
  query: URLSearchParams;
}

type Handler = (request: Received) => Answer;

const ok = (body: unknown): Answer => ({ status: 200, body });
const found = (body: unknown): Answer => (body === undefined ? NOT_FOUND : ok(body));
const NOT_FOUND: Answer = { status: 404, body: { detail: "Not found." } };
const NO_CONTENT: Answer = { status: 204 };

export const DEFAULT_SETTINGS: PersonalizationSettings = { consent: "unset", paused: false, mode: "full", discovery: 50 };

/** What is stored about one person, in memory, and the answers of the API to it. */
export class FakeProfile {
  taxonomies = TAXONOMIES;
  tags: UserTag[] = [];
  settings = DEFAULT_SETTINGS;
  /** What fed each tag, by its id. */
  evidence: Record<number, TagEvidence[]> = {};
  totalInteractions = 0;
  parameters: RankingParameters = PARAMETERS;

  listed(kind: "manual" | "auto_generated" | "hidden" | "dismissed"): UserTag[] {
    if (kind === "hidden" || kind === "dismissed") return this.tags.filter(({ state }) => state === kind);
    return this.tags.filter(({ state, source }) => state === "active" && (source === "manual") === (kind === "manual"));
  }

  private readonly routes: Record<string, Handler> = {
    "GET taxonomies/": () => ok(Object.values(this.taxonomies).flat()),
    "GET taxonomies/by_category/": () => ok(this.taxonomies),
    "GET personalization/parameters/": () => ok(this.parameters),
    "GET me/tags/": () => ok(this.tags),
    "GET me/tags/manual/": () => ok(this.listed("manual")),
    "GET me/tags/auto_generated/": () => ok(this.listed("auto_generated")),
    "GET me/tags/hidden/": () => ok(this.listed("hidden")),
    "GET me/tags/dismissed/": () => ok(this.listed("dismissed")),
    "POST me/tags/": ({ body }) => ok(this.pick(body as { taxonomy?: number; name?: string })),
    "PATCH me/tags/{id}/": ({ id, body }) => found(this.change(id, body as Partial<UserTag>)),
    "DELETE me/tags/{id}/": ({ id }) => (this.change(id, { state: "dismissed" }) ? NO_CONTENT : NOT_FOUND),
    "POST me/tags/{id}/restore/": ({ id }) => found(this.change(id, { state: "active" })),
    "GET me/tags/{id}/evidence/": ({ id, query }) => this.page(id, query),
    "DELETE me/interactions/{id}/": ({ id }) => this.forget(id),
    "PUT me/tags/selection/": ({ body }) => {
      const { taxonomy_ids: ids } = body as { taxonomy_ids: number[] };
      this.tags = this.tags.filter(({ source, taxonomy }) => source !== "manual" || taxonomy === null || ids.includes(taxonomy));
      ids.forEach((taxonomy) => this.pick({ taxonomy }));
      return ok(this.listed("manual"));
    },
    "GET me/personalization/": () => ok(this.overview()),
    "DELETE me/personalization/": ({ body }) => this.erase((body as Partial<PersonalizationSettings> | undefined)?.consent),
    "POST me/personalization/reset/": () => ok({ deleted: this.deleteCollected() }),
    "GET me/personalization/export/": () => ok({ format: "django-personalization", tags: this.tags }),
    "GET me/personalization/settings/": () => ok(this.settings),
    "PATCH me/personalization/settings/": ({ body }) => ok((this.settings = { ...this.settings, ...(body as object) })),
    "POST me/personalization/settings/reset/": () => ok((this.settings = DEFAULT_SETTINGS)),
  };

  answer(method: string, path: string, body: unknown): Answer {
    const [plain = "", query] = path.split("?");
    const request = { body, id: Number(/\d+/.exec(plain)?.[0] ?? NaN), query: new URLSearchParams(query) };
    return this.routes[`${method} ${plain.replace(/\d+/, "{id}")}`]?.(request) ?? NOT_FOUND;
  }

  /** The overview shows what is in use. */
  private overview() {
    const { mode } = this.settings;
    return {
      manual_tags: mode === "none" ? [] : this.listed("manual"),
      auto_generated_tags: mode === "full" ? this.listed("auto_generated") : [],
      available_taxonomies: Object.values(this.taxonomies).flat(),
      total_interactions: this.totalInteractions,
      settings: this.settings,
    };
  }

  private erase(consent: Consent = "unset"): Answer {
    const deleted = { tags: this.tags.length, interactions: this.totalInteractions, settings: this.settings === DEFAULT_SETTINGS ? 0 : 1 };
    [this.tags, this.totalInteractions, this.evidence] = [[], 0, {}];
    this.settings = consent === "unset" ? DEFAULT_SETTINGS : { ...DEFAULT_SETTINGS, consent };
    return ok({ deleted, consent });
  }

  private deleteCollected() {
    const inferred = this.listed("auto_generated");
    const deleted = { tags: inferred.length, interactions: this.totalInteractions };
    this.tags = this.tags.filter((row) => !inferred.includes(row));
    [this.totalInteractions, this.evidence] = [0, {}];
    return deleted;
  }

  private page(id: number, query: URLSearchParams): Answer {
    if (!this.tags.some((row) => row.id === id)) return NOT_FOUND;
    const rows = this.evidence[id] ?? [];
    const from = Number(query.get("cursor") ?? 0);
    const to = from + Number(query.get("limit") ?? 50);
    const next = to < rows.length ? `http://api.test/api/v1/me/tags/${id}/evidence/?cursor=${to}` : null;
    return ok({ next, previous: null, results: rows.slice(from, to) });
  }

  private forget(id: number): Answer {
    const tagId = Number(Object.keys(this.evidence).find((key) => this.evidence[Number(key)]?.some((row) => row.id === id)));
    const row = this.evidence[tagId]?.find((one) => one.id === id);
    if (row === undefined) return NOT_FOUND;
    const left = this.evidence[tagId]?.filter((one) => one.id !== id) ?? [];
    this.evidence[tagId] = left;
    const confidence = this.tags.find((one) => one.id === tagId)?.confidence_score ?? 0;
    this.change(tagId, { confidence_score: confidence - row.adds, interaction_count: left.length });
    if (left.length === 0) this.tags = this.tags.filter((one) => one.id !== tagId);
    return NO_CONTENT;
  }

  private change(id: number, changes: Partial<UserTag>): UserTag | undefined {
    this.tags = this.tags.map((row) => (row.id === id ? { ...row, ...changes } : row));
    return this.tags.find((row) => row.id === id);
  }

  private pick({ taxonomy, name }: { taxonomy?: number; name?: string }): UserTag {
    const row = this.tags.find((one) => (taxonomy === undefined ? one.name === name : one.taxonomy === taxonomy));
    const promoted = row && this.change(row.id, { source: "manual", confidence_score: 1, state: "active" });
    if (promoted) return promoted;
    const term = Object.values(this.taxonomies).flat().find(({ id }) => id === taxonomy);
    const created = tag(1000 + this.tags.length, term ?? name ?? "");
    this.tags = [...this.tags, created];
    return created;
  }
}
