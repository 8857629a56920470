import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, PYTHON, tag } from "./support/data";
import { button, expectNoAxeViolations, renderLoadedPage, serveApi } from "./support/page";

const api = serveApi();

const tabs = () => screen.getAllByRole("tab").map(({ textContent }) => textContent);
const groups = () => ["Interest", "Skill", "Topic"].filter((name) => screen.queryByRole("toolbar", { name }) !== null);
const offered = () =>
  within(screen.getByRole("tabpanel")).getAllByRole("button").map(({ textContent }) => textContent);
const search = () => screen.getByRole("searchbox", { name: "Search tags" });

describe("what can be picked", () => {
  it("has a tab for everything and one per category, in the server's order", async () => {
    await renderLoadedPage();
    expect(tabs()).toEqual(["All", "Interest", "Skill", "Topic"]);
    expect(offered()).toEqual(["AI & Machine Learning", "Robotics", "Python", "Rust", "Technical writing"]);
  });

  it("leaves out a category that has nothing", async () => {
    api.taxonomies = { interest: [AI], goal: [] };
    await renderLoadedPage();
    expect(tabs()).toEqual(["All", "Interest"]);
  });

  it("shows one category at a time", async () => {
    const { user } = await renderLoadedPage();
    expect(groups()).toEqual(["Interest", "Skill", "Topic"]);
    await user.click(screen.getByRole("tab", { name: "Skill" }));
    expect(offered()).toEqual(["Python", "Rust"]);
    expect(groups()).toEqual(["Skill"]);
  });

  it("says what each one means", async () => {
    await renderLoadedPage();
    expect(button("Python")).toHaveAccessibleDescription(PYTHON.description);
    expect(button("Technical writing")).not.toHaveAttribute("aria-describedby");
  });

  it("shows what is picked, and the count", async () => {
    api.tags = [tag(11, PYTHON), tag(12, "Zig")];
    await renderLoadedPage();
    expect(button("Python")).toHaveAttribute("aria-pressed", "true");
    expect(button("Rust")).toHaveAttribute("aria-pressed", "false");
    expect(screen.getByText("1 tag picked")).toBeInTheDocument();
    expect(screen.getByText("No unsaved changes")).toBeInTheDocument();
  });

  it("counts changes, not clicks", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(button("Python"));
    expect(screen.getByText("1 tag picked")).toBeInTheDocument();
    expect(screen.getByText("2 unsaved changes")).toBeInTheDocument();
    await user.click(button("Rust"));
    await user.click(button("Python"));
    expect(screen.getByText("No unsaved changes")).toBeInTheDocument();
  });

  it("takes changes back with Discard changes and keeps the focus nearby", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user } = await renderLoadedPage();
    await user.click(button("Python"));
    await user.click(button("Rust"));
    await user.click(button("Discard changes"));
    expect(button("Python")).toHaveAttribute("aria-pressed", "true");
    expect(button("Rust")).toHaveAttribute("aria-pressed", "false");
    expect(screen.queryByRole("button", { name: "Discard changes" })).toBeNull();
    expect(button("Save Changes")).toHaveFocus();
    expect(api.received("PUT", "me/tags/selection/")).toEqual([]);
  });

  it("has nothing for axe to find", async () => {
    api.tags = [tag(11, PYTHON)];
    const { container } = await renderLoadedPage();
    await expectNoAxeViolations(container);
  });
});

describe("search", () => {
  it("finds words in names and descriptions, in any order and case, and announces how many", async () => {
    const { user } = await renderLoadedPage();
    await user.type(search(), "LANGUAGE syst");
    expect(offered()).toEqual(["Rust"]);
    expect(screen.getByText("1 result for “LANGUAGE syst”")).toHaveAttribute("role", "status");
    await user.clear(search());
    await user.type(search(), "language");
    expect(screen.getByText("2 results for “language”")).toBeInTheDocument();
  });

  it("keeps a pick that the search does not show", async () => {
    const { user } = await renderLoadedPage();
    await user.click(button("Python"));
    await user.type(search(), "robot");
    expect(screen.queryByRole("button", { name: "Python" })).toBeNull();
    expect(screen.getByText("1 tag picked")).toBeInTheDocument();
    await user.clear(search());
    expect(button("Python")).toHaveAttribute("aria-pressed", "true");
  });

  it("says when nothing matches, and does not offer what would not help", async () => {
    const { user } = await renderLoadedPage();
    await user.type(search(), "xyzzy");
    expect(screen.getByText(/Nothing here matches “xyzzy”/)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /in all categories/ })).toBeNull();
  });

  it("offers what other categories have", async () => {
    const { user } = await renderLoadedPage();
    await user.click(screen.getByRole("tab", { name: "Topic" }));
    await user.type(search(), "python");
    await user.click(button("Show 1 result in all categories"));
    expect(screen.getByRole("tab", { name: "All" })).toHaveAttribute("aria-selected", "true");
    expect(offered()).toEqual(["Python"]);
  });

  it("is cleared with its button", async () => {
    const { user } = await renderLoadedPage();
    await user.type(search(), "rust");
    await user.click(button("Clear search"));
    expect(search()).toHaveValue("");
    expect(offered()).toHaveLength(5);
  });
});

describe("the keyboard", () => {
  it("moves through tabs with the arrow keys, Home and End", async () => {
    const { user } = await renderLoadedPage();
    await user.click(search());
    await user.tab();
    expect(screen.getByRole("tab", { name: "All" })).toHaveFocus();
    await user.keyboard("{ArrowRight}{ArrowRight}");
    expect(screen.getByRole("tab", { name: "Skill" })).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{End}");
    expect(screen.getByRole("tab", { name: "Topic" })).toHaveFocus();
    expect(offered()).toEqual(["Technical writing"]);
    await user.keyboard("{Home}");
    expect(screen.getByRole("tab", { name: "All" })).toHaveAttribute("aria-selected", "true");
  });

  it("moves inside a category with the arrow keys, picks with Space and leaves with Tab", async () => {
    const { user } = await renderLoadedPage();
    await user.click(screen.getByRole("tab", { name: "Skill" }));
    await user.tab();
    expect(button("Python")).toHaveFocus();
    await user.keyboard("{ArrowRight}[Space]");
    expect(button("Rust")).toHaveFocus();
    expect(button("Rust")).toHaveAttribute("aria-pressed", "true");
    await user.tab();
    expect(screen.getByRole("tabpanel")).not.toContainElement(document.activeElement as HTMLElement);
  });
});
