import { describe, expect, it } from "vitest";

import { createFormat } from "../src/format";

const NOW = Date.parse("2026-06-15T12:00:00Z");
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const HOUR = 3600;
const DAY = 24 * HOUR;

describe("createFormat", () => {
  it.each([
    [0, "now"],
    [-30, "now"],
    [59, "59 seconds ago"],
    [100, "1 minute ago"],
    [HOUR - 1, "59 minutes ago"],
    [100 * 60, "1 hour ago"],
    [DAY, "yesterday"],
    [6 * DAY, "6 days ago"],
    [15 * DAY, "2 weeks ago"],
    [40 * DAY, "last month"],
    [800 * DAY, "2 years ago"],
  ])("says how long ago %i seconds are: %s", (seconds, said) => {
    expect(createFormat("en").ago(before(seconds), NOW)).toBe(said);
  });

  it("writes as the language does", () => {
    const german = createFormat("de");
    expect(german.ago(before(3 * HOUR), NOW)).toBe("vor 3 Stunden");
    expect(german.points(0.0421)).toBe("4,2");
    expect(german.count(1234, "Tag", "Tage")).toBe("1.234 Tage");
    expect(german.list(["a", "b", "c"])).toBe("a, b und c");
  });
});
