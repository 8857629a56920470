import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, inferred, PYTHON, RUST, tag } from "./support/data";
import { button, expectNoAxeViolations, renderLoadedPage, section, serveApi } from "./support/page";

const api = serveApi();
const patches = (id: number) => api.received("PATCH", `me/tags/${id}/`).map(({ body }) => body);

describe.each([
  { list: "Your picks", row: tag(11, PYTHON) },
  { list: "From your activity", row: inferred(11, PYTHON, 0.5, 2) },
])("how much a tag counts, in $list", ({ list, row }) => {
  it.each([
    { item: /^Less/, weight: 0.5, says: "Python now counts less.", shown: "Less" },
    { item: /^More/, weight: 2, says: "Python now counts more.", shown: "More" },
  ])("is chosen from a menu: $shown", async ({ item, weight, says, shown }) => {
    api.tags = [row];
    const { user, container } = await renderLoadedPage();
    await user.click(within(section(list)).getByRole("button", { name: "Normal: how much Python counts" }));
    expect(screen.getByRole("menuitemradio", { name: /^Normal/ })).toHaveAttribute("aria-checked", "true");
    await expectNoAxeViolations(container);
    await user.click(screen.getByRole("menuitemradio", { name: item }));
    expect(await screen.findByText(says)).toHaveAttribute("role", "status");
    expect(patches(11)).toEqual([{ weight }]);
    expect(within(section(list)).getByRole("button", { name: `${shown}: how much Python counts` })).toHaveTextContent(shown);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  it("works from the keyboard, and Hide takes the tag to the list of hidden ones and back with Undo", async () => {
    api.tags = [row];
    const { user } = await renderLoadedPage();
    within(section(list)).getByRole("button", { name: /how much Python counts/ }).focus();
    await user.keyboard("{Enter}");
    await waitFor(() => { expect(screen.getByRole("menuitemradio", { name: /^Less/ })).toHaveFocus(); });
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(screen.getByRole("menuitem", { name: /^Hide/ })).toHaveFocus();
    await user.keyboard("{Enter}");
    expect(await screen.findByText(/^Hid Python\./)).toBeInTheDocument();
    expect(patches(11)).toEqual([{ state: "hidden" }]);
    expect(section("Hidden")).toHaveTextContent("Python");
    expect(section(list)).not.toHaveTextContent("Python");
    expect(within(section(list)).getByRole("heading")).toHaveFocus();
    await user.click(button("Undo"));
    expect(await screen.findByText("Restored Python.")).toBeInTheDocument();
    expect(api.received("POST", "me/tags/11/restore/")).toHaveLength(1);
    expect(section(list)).toHaveTextContent("Python");
    expect(screen.getByText(/Nothing hidden/)).toBeInTheDocument();
  });
});

describe("a tag's menu", () => {
  it("changes nothing when the present weight is chosen", async () => {
    api.tags = [tag(11, PYTHON, { weight: 2 })];
    const { user } = await renderLoadedPage();
    await user.click(button("More: how much Python counts"));
    await user.click(screen.getByRole("menuitemradio", { name: /^More/ }));
    await waitFor(() => { expect(screen.queryByRole("menu")).toBeNull(); });
    expect(patches(11)).toEqual([]);
  });

  it("says when a change fails, and leaves the tag as it is", async () => {
    api.tags = [tag(11, PYTHON)];
    api.answer("PATCH", "me/tags/11/", { status: 500, body: {} }, 2);
    const { user } = await renderLoadedPage();
    await user.click(button("Normal: how much Python counts"));
    await user.click(screen.getByRole("menuitemradio", { name: /^Less/ }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Python was not changed. Something went wrong");
    expect(button("Normal: how much Python counts")).toBeInTheDocument();
    await user.click(button("Normal: how much Python counts"));
    await user.click(screen.getByRole("menuitem", { name: /^Hide/ }));
    await waitFor(() => { expect(screen.getByRole("alert")).toHaveTextContent("Python was not hidden."); });
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
});

describe("hidden tags", () => {
  it("are neither picks nor suggestions, and are restored from their list", async () => {
    api.tags = [tag(11, PYTHON, { state: "hidden" }), inferred(12, RUST, 0.4, 1), tag(13, AI, { state: "dismissed" })];
    const { user, container } = await renderLoadedPage();
    expect(button("Python")).toHaveAttribute("aria-pressed", "false");
    expect(section("Your picks")).not.toHaveTextContent("Python");
    await expectNoAxeViolations(container);
    await user.click(within(section("Hidden")).getByRole("button", { name: "Restore Python" }));
    expect(await screen.findByText("Restored Python.")).toBeInTheDocument();
    expect(section("Your picks")).toHaveTextContent("Python");
    expect(within(section("Hidden")).getByRole("heading")).toHaveFocus();
  });
});
