import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Taxonomy = Schemas["Taxonomy"];
export type UserTag = Schemas["UserTag"];
export type UserTagState = UserTag["state"];
export type UserPersonalization = Schemas["UserPersonalization"];
export type UserInteraction = Schemas["UserInteraction"];
export type ContentReference = Schemas["ContentReferenceRequest"];
/** The answer to tracking without consent (202): nothing was stored. */
export type NotStored = Schemas["NotStored"];
/** What became of each event, in the order in which they were sent; a wrong one does not stop the others. */
export type InteractionResults = Schemas["InteractionResults"];

/** What a person has decided about personalization. */
export type PersonalizationSettings = Schemas["PersonalizationSettings"];
export type SettingsChanges = Partial<PersonalizationSettings>;
export type Consent = PersonalizationSettings["consent"];
export type Mode = PersonalizationSettings["mode"];

/** What a person may change on a tag: how much it counts, and whether it does. */
export type TagChanges = Schemas["PatchedTagChangeRequest"];
/** A tag to pick (or to hide): by its taxonomy, or by a free name that the vocabulary may lack. */
export type NewTag = Partial<Schemas["TagCreateRequest"]>;
/** One event as it is sent. */
export type InteractionRequest = Schemas["InteractionCreateRequest"];

/** Every category present, in the server's order: `{"interest": [...], ...}`. */
export type TaxonomiesByCategory = Answer<"taxonomies_by_category">;
export type InteractionPage = Answer<"interactions_list">;

/** One interaction that feeds a tag, and how much it adds to its confidence today. */
export interface TagEvidence {
  id: number;
  interaction_type: string;
  interaction_type_display: string;
  content: { type: string; id: string } | null;
  about: string | null;
  extracted_keywords: string[];
  created_at: string;
  units: number;
  adds: number;
}
export interface EvidencePage {
  next: string | null;
  previous: string | null;
  results: TagEvidence[];
}
/** How many rows went. */
export interface DeletedRows {
  tags: number;
  interactions: number;
  settings?: number;
}
/** What ordering depends on and how to change it, in sentences. */
export interface RankingParameters {
  intro: string;
  parameters: { code: string; text: string; importance: number | null }[];
  controls: { code: string; text: string }[];
}

type Operations = keyof operations;
type Success<Responses> = Responses extends { 200: { content: { "application/json": infer Body } } }
  ? Body
  : Responses extends { 201: { content: { "application/json": infer Body } } }
    ? Body
    : undefined;

/** What an operation of the schema answers when it succeeds; `undefined` for an empty answer. */
export type Answer<Name extends Operations> = Success<operations[Name]["responses"]>;
/** What may stand in the address of an operation. */
export type Query<Name extends Operations> = NonNullable<operations[Name]["parameters"]["query"]>;

/** One category with its taxonomies, as the picker shows it. */
export interface TaxonomyGroup {
  category: string;
  label: string;
  taxonomies: Taxonomy[];
}
