import type { components } from "./schema";

type Schemas = components["schemas"];

export type Taxonomy = Schemas["Taxonomy"];
export type UserTag = Schemas["UserTag"];
export type UserPersonalization = Schemas["UserPersonalization"];
export type UserInteraction = Schemas["UserInteraction"];

/** Every category present, in the server's order: `{"interest": [...], ...}`. */
export type TaxonomiesByCategory = Record<string, Taxonomy[]>;

/** One category with its taxonomies, as the picker shows it. */
export interface TaxonomyGroup {
  category: string;
  label: string;
  taxonomies: Taxonomy[];
}

export type UserTagState = UserTag["state"];

/** The answer to tracking without consent (202): nothing was stored. */
export interface ConsentRefusal {
  stored: false;
  reason: string;
}

/** One result per row that was sent, in order; a bad row does not fail the others. */
export type BulkInteractionResult = unknown;
