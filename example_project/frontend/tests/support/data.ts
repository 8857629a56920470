import type { RankingParameters, TagEvidence, TaxonomiesByCategory, Taxonomy, UserTag } from "../../src/types/models";

const CATEGORIES = { interest: "Interest", skill: "Skill", topic: "Topic" } as const;

function taxonomy(id: number, category: keyof typeof CATEGORIES, name: string, description: string): Taxonomy {
  return {
    id,
    slug: name.toLowerCase().replaceAll(/\W+/g, "-"),
    name,
    category,
    category_display: CATEGORIES[category],
    description,
    is_active: true,
    parent: null,
  };
}

export const PYTHON = taxonomy(1, "skill", "Python", "A readable, general-purpose language.");
export const RUST = taxonomy(2, "skill", "Rust", "A systems language without a garbage collector.");
export const AI = taxonomy(3, "interest", "AI & Machine Learning", "Models that learn from data.");
export const ROBOTICS = taxonomy(4, "interest", "Robotics", "Machines that sense and act.");
export const WRITING = taxonomy(5, "topic", "Technical writing", "");

export const TAXONOMIES: TaxonomiesByCategory = {
  interest: [AI, ROBOTICS],
  skill: [PYTHON, RUST],
  topic: [WRITING],
};

/** A tag row; without a taxonomy it is a free one. */
export function tag(id: number, of: Taxonomy | string, changes: Partial<UserTag> = {}): UserTag {
  const isFree = typeof of === "string";
  return {
    id,
    name: isFree ? of : of.name,
    taxonomy: isFree ? null : of.id,
    taxonomy_name: isFree ? null : of.name,
    taxonomy_category: isFree ? null : of.category,
    source: "manual",
    source_display: "Picked by hand",
    confidence_score: 1,
    interaction_count: 0,
    weight: 1,
    state: "active",
    created_at: "2026-01-05T10:00:00Z",
    updated_at: "2026-01-05T10:00:00Z",
    ...changes,
  };
}

export function inferred(id: number, of: Taxonomy | string, confidence: number, count: number): UserTag {
  return tag(id, of, {
    source: "auto_project",
    source_display: "From projects",
    confidence_score: confidence,
    interaction_count: count,
  });
}

/** What fed a tag: one view of a project, so many hours ago, that adds so much. */
export function evidence(id: number, adds: number, changes: Partial<TagEvidence> = {}): TagEvidence {
  return {
    id,
    interaction_type: "project_view",
    interaction_type_display: "Project view",
    content: { type: "catalogue.project", id: String(id) },
    about: `Project ${id}`,
    extracted_keywords: [],
    created_at: "2026-01-05T10:00:00Z",
    units: 0.5,
    adds,
    ...changes,
  };
}

export const PARAMETERS: RankingParameters = {
  intro: "What is ordered for you depends on your interests.",
  parameters: [
    { code: "terms", text: "Projects with your tags come first.", importance: 0.7 },
    { code: "fresh", text: "Newer projects come before older ones.", importance: 0.3 },
    { code: "fading", text: "What you do fades.", importance: null },
  ],
  controls: [{ code: "mode", text: "Choose what may be used, under Settings." }],
};
