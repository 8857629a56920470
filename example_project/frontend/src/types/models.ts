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
export type SettingsChanges = Schemas["PatchedSettingsChangeRequest"];
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
export type TagEvidence = Schemas["Evidence"];
/** How many rows went; a reset leaves the settings. */
export type DeletedRows = Answer<"personalization_reset">["deleted"] & Partial<Answer<"personalization_destroy">["deleted"]>;
/** What ordering depends on and how to change it, in sentences. */
export type RankingParameters = Schemas["RankingParameters"];

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
