import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, inferred, PYTHON, ROBOTICS, RUST, tag } from "./support/data";
import { button, expectNoAxeViolations, renderLoadedPage, renderPage, section, serveApi } from "./support/page";

const api = serveApi();

const names = (title: string) =>
  within(section(title)).queryAllByRole("listitem").map((row) => row.querySelector(".pz-tag-name")?.textContent);
const row = (name: string) =>
  within(section("From your activity")).getByText(name).closest("li") ?? document.createElement("li");

const SECTIONS = [
  { title: "Your picks", path: "me/tags/manual/", loading: "Loading your picks…", empty: /not saved any picks yet/, rows: [tag(11, PYTHON)] },
  { title: "From your activity", path: "me/tags/auto_generated/", loading: /Loading what your activity suggests/, empty: /Nothing yet\. Tags appear here/, rows: [inferred(21, PYTHON, 0.5, 2)] },
  { title: "Hidden", path: "me/tags/hidden/", loading: "Loading what you hid…", empty: /Nothing hidden\./, rows: [tag(41, PYTHON, { state: "hidden" })] },
  { title: "Removed", path: "me/tags/dismissed/", loading: "Loading what you removed…", empty: /Nothing removed\./, rows: [tag(31, PYTHON, { state: "dismissed" })] },
];

describe.each(SECTIONS)("the section $title", ({ title, path, loading, empty, rows }) => {
  it("says that it loads", async () => {
    const release = api.hold("GET", path);
    renderPage();
    expect(await within(section(title)).findByText(loading)).toBeInTheDocument();
    expect(section(title)).toHaveAttribute("aria-busy", "true");
    release();
    expect(await within(section(title)).findByText(empty)).toBeInTheDocument();
    expect(section(title)).toHaveAttribute("aria-busy", "false");
  });

  it("says that it failed, and Retry loads it", async () => {
    api.tags = rows;
    api.answer("GET", path, { status: 500, body: {} });
    const { user } = renderPage();
    await user.click(await within(section(title)).findByRole("button", { name: "Retry" }));
    await waitFor(() => { expect(names(title)).toEqual(["Python"]); });
    expect(within(section(title)).getByRole("heading")).toHaveFocus();
    expect(within(section(title)).queryByRole("alert")).toBeNull();
  });

  it("asks to sign in when the session has ended", async () => {
    api.answer("GET", path, { status: 403, body: { detail: "No." } });
    renderPage();
    const alert = await within(section(title)).findByRole("alert");
    expect(alert).toHaveTextContent("You have been signed out. Sign in in another tab, then try again.");
  });

  it("says what will be there while it is empty", async () => {
    await renderLoadedPage();
    expect(within(section(title)).getByText(empty)).toBeInTheDocument();
  });
});

describe("inferred tags", () => {
  it("come in the server's order with confidence, count and source, also those without a taxonomy", async () => {
    api.tags = [inferred(21, PYTHON, 0.824, 12), inferred(22, "Zig", 0.1, 1)];
    const { container } = await renderLoadedPage();
    expect(names("From your activity")).toEqual(["Python", "Zig"]);
    const meter = within(row("Python")).getByRole("meter", { name: "Python: Confidence" });
    expect(meter).toHaveAttribute("aria-valuenow", "0.824");
    expect(meter).toHaveAttribute("aria-valuetext", "82%");
    expect(row("Python")).toHaveTextContent("82%");
    expect(row("Python")).toHaveTextContent("From projects · 12 interactions");
    expect(row("Zig")).toHaveTextContent("From projects · 1 interaction");
    await expectNoAxeViolations(container);
  });

  it.each([
    { of: PYTHON, body: { taxonomy: PYTHON.id } },
    { of: "Zig", body: { name: "Zig" } },
  ])("become one's own with Keep: $body", async ({ of, body }) => {
    api.tags = [inferred(21, of, 0.5, 2)];
    const name = typeof of === "string" ? of : of.name;
    const { user } = await renderLoadedPage();
    await user.click(button(`Keep ${name}`));
    expect(await screen.findByText(`${name} is now one of your picks.`)).toBeInTheDocument();
    expect(api.received("POST", "me/tags/").map((request) => request.body)).toEqual([body]);
    expect(names("Your picks")).toEqual([name]);
    expect(names("From your activity")).toEqual([]);
    expect(screen.getByText("No unsaved changes")).toBeInTheDocument();
  });
});

describe("Remove", () => {
  it("removes at once, and Undo brings it back", async () => {
    api.tags = [inferred(21, PYTHON, 0.5, 2)];
    const { user, container } = await renderLoadedPage();
    await user.click(button("Remove Python"));
    expect(await screen.findByText("Removed Python. It will not be suggested again.")).toHaveAttribute("role", "status");
    expect(api.received("DELETE", "me/tags/21/")).toHaveLength(1);
    expect(names("From your activity")).toEqual([]);
    expect(names("Removed")).toEqual(["Python"]);
    await expectNoAxeViolations(container);
    await user.click(button("Undo"));
    expect(await screen.findByText("Restored Python.")).toBeInTheDocument();
    expect(api.received("POST", "me/tags/21/restore/")).toHaveLength(1);
    expect(names("From your activity")).toEqual(["Python"]);
    expect(names("Removed")).toEqual([]);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  it("can be undone later, from the list of removed tags", async () => {
    api.tags = [tag(31, RUST, { state: "dismissed" })];
    const { user } = await renderLoadedPage();
    await user.click(button("Restore Rust"));
    expect(await screen.findByText("Restored Rust.")).toBeInTheDocument();
    expect(names("Your picks")).toEqual(["Rust"]);
    expect(button("Rust")).toHaveAttribute("aria-pressed", "true");
  });

  it("removes a saved pick and leaves other unsaved changes alone", async () => {
    api.tags = [tag(11, PYTHON), tag(12, "Zig")];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(button("Remove Python"));
    await screen.findByText(/Removed Python/);
    await user.click(button("Remove Zig"));
    await screen.findByText(/Removed Zig/);
    expect(button("Python")).toHaveAttribute("aria-pressed", "false");
    expect(button("Rust")).toHaveAttribute("aria-pressed", "true");
    expect(screen.getByText("1 unsaved change")).toBeInTheDocument();
  });

  it("says when it failed, and leaves the tag", async () => {
    api.tags = [inferred(21, PYTHON, 0.5, 2)];
    api.answer("DELETE", "me/tags/21/", { status: 500, body: {} });
    const { user } = await renderLoadedPage();
    await user.click(button("Remove Python"));
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("Python was not removed. Something went wrong on the server (status 500).");
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
    expect(names("From your activity")).toEqual(["Python"]);
    await user.click(button("Close"));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("shows the truth when the tag is gone already", async () => {
    api.tags = [inferred(21, PYTHON, 0.5, 2)];
    const { user } = await renderLoadedPage();
    api.tags = [];
    await user.click(button("Remove Python"));
    expect(await screen.findByRole("alert")).toHaveTextContent("It is no longer there.");
    expect(names("From your activity")).toEqual([]);
  });

  it("sends once for a double click", async () => {
    api.tags = [inferred(21, PYTHON, 0.5, 2)];
    const release = api.hold("DELETE", "me/tags/21/");
    const { user } = await renderLoadedPage();
    const remove = button("Remove Python");
    act(() => {
      remove.click();
      remove.click();
    });
    expect(remove).toHaveAttribute("aria-disabled", "true");
    await user.click(remove);
    release();
    await screen.findByText(/Removed Python/);
    expect(api.received("DELETE", "me/tags/21/")).toHaveLength(1);
  });
});

describe("the focus after a row has gone", () => {
  it("goes to the row that takes its place, then to the one before, then to the heading", async () => {
    api.tags = [inferred(21, PYTHON, 0.9, 2), inferred(22, AI, 0.5, 2), inferred(23, ROBOTICS, 0.3, 2)];
    const { user } = await renderLoadedPage();
    button("Remove AI & Machine Learning").focus();
    await user.keyboard("{Enter}");
    await waitFor(() => { expect(button("Remove Robotics")).toHaveFocus(); });
    await user.keyboard("{Enter}");
    await waitFor(() => { expect(button("Remove Python")).toHaveFocus(); });
    await user.keyboard("{Enter}");
    await waitFor(() => { expect(screen.getByRole("heading", { name: "From your activity" })).toHaveFocus(); });
  });

  it("stays with the messages after Undo", async () => {
    api.tags = [inferred(21, PYTHON, 0.9, 2)];
    const { user } = await renderLoadedPage();
    await user.click(button("Remove Python"));
    button((await screen.findByRole("button", { name: "Undo" })).textContent).focus();
    await user.keyboard("{Enter}");
    await screen.findByText("Restored Python.");
    await waitFor(() => { expect(screen.getByRole("group", { name: "Messages" })).toHaveFocus(); });
  });
});
