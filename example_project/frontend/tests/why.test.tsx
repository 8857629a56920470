import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { evidence, inferred, PYTHON, RUST } from "./support/data";
import { DEFAULT_SETTINGS } from "./support/fakeProfile";
import { button, expectNoAxeViolations, renderLoadedPage, renderPage, section, serveApi } from "./support/page";

const api = serveApi();
const FIRST_PAGE = "me/tags/21/evidence/?limit=10";

const inferredSection = () => section("From your activity");
const dialog = () => screen.getByRole("dialog", { name: "Why Python?" });
const rows = () => within(dialog()).getAllByRole("listitem");
const deleteButton = (project: string) => within(dialog()).getByRole("button", { name: new RegExp(`^Delete Project view: ${project},`) });

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

function storeEvidence(count: number) {
  api.tags = [inferred(21, PYTHON, 0.1 * count, count), inferred(22, RUST, 0.05, 1)];
  api.profile.evidence = {
    21: Array.from({ length: count }, (_, index) => evidence(index + 1, 0.1, { created_at: hoursAgo(index + 3) })),
  };
}

async function askWhy() {
  const page = await renderLoadedPage();
  await page.user.click(button("Why Python"));
  return { ...page, dialog: await screen.findByRole("dialog", { name: "Why Python?" }) };
}

describe("why a tag was inferred", () => {
  it("lists what fed it: type, what about, when, and what it adds today", async () => {
    storeEvidence(2);
    api.profile.evidence[21]?.push(
      evidence(7, 0.0421, { interaction_type_display: "Search", about: null, content: null, extracted_keywords: ["fast", "python"] }),
      evidence(8, 0.0001, { interaction_type_display: "Conversation", about: null, content: null, created_at: hoursAgo(24 * 9) }),
    );
    const { container } = await askWhy();
    await within(dialog()).findByText("Project view: Project 1");
    const [first, , third, fourth] = rows();
    expect(first).toHaveTextContent(/3 hours ago \(\w+ \d+, \d{4}, .*\) · adds 10 points/);
    expect(third).toHaveTextContent("Search: fast and python");
    expect(third).toHaveTextContent("adds 4.2 points");
    expect(fourth).toHaveTextContent(/^Conversation\s?last week .* · adds less than 0\.1 points/);
    expect(within(dialog()).getByText("Confidence today: 20%.")).toHaveAttribute("role", "status");
    await expectNoAxeViolations(container);
  });

  it("deletes one at once: the list and the confidence follow, and the focus goes to the next", async () => {
    storeEvidence(3);
    const { user } = await askWhy();
    await user.click(await within(dialog()).findByRole("button", { name: /^Delete Project view: Project 1,/ }));
    expect(await within(dialog()).findByText("Confidence today: 20%.")).toBeInTheDocument();
    await waitFor(() => { expect(rows()).toHaveLength(2); });
    expect(api.received("DELETE", "me/interactions/1/")).toHaveLength(1);
    expect(within(dialog()).getByText("Deleted: Project view: Project 1.")).toHaveAttribute("role", "status");
    expect(deleteButton("Project 2")).toHaveFocus();
    expect(inferredSection()).toHaveTextContent("2 interactions");
  });

  it("says so when the last is deleted and the tag is gone, and leaves the focus where it can be found", async () => {
    storeEvidence(1);
    const { user } = await askWhy();
    await user.click(await within(dialog()).findByRole("button", { name: /^Delete Project view/ }));
    expect(await within(dialog()).findByText("Python is no longer suggested: too little supports it now.")).toBeInTheDocument();
    expect(within(dialog()).queryByRole("list")).toBeNull();
    expect(within(dialog()).queryByRole("alert")).toBeNull();
    expect(within(dialog()).getByRole("heading")).toHaveFocus();
    await user.click(within(dialog()).getByRole("button", { name: "Close" }));
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
    expect(screen.queryByRole("button", { name: "Why Python" })).toBeNull();
    expect(within(inferredSection()).getByRole("heading")).toHaveFocus();
  });

  it("gives the focus back to its button", async () => {
    storeEvidence(1);
    const { user } = await askWhy();
    await user.keyboard("{Escape}");
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
    await waitFor(() => { expect(button("Why Python")).toHaveFocus(); });
  });

  it("comes in pages, with the focus on the first of what is new", async () => {
    storeEvidence(23);
    const { user } = await askWhy();
    await user.click(await within(dialog()).findByRole("button", { name: "Show more" }));
    await waitFor(() => { expect(rows()).toHaveLength(20); });
    expect(deleteButton("Project 11")).toHaveFocus();
    await user.click(within(dialog()).getByRole("button", { name: "Show more" }));
    await waitFor(() => { expect(rows()).toHaveLength(23); });
    expect(deleteButton("Project 21")).toHaveFocus();
    expect(within(dialog()).queryByRole("button", { name: "Show more" })).toBeNull();
  });

  it("says when a further page could not be loaded, and tries again", async () => {
    storeEvidence(12);
    api.answer("GET", "me/tags/21/evidence/?limit=10&cursor=10", { status: 500, body: {} });
    const { user } = await askWhy();
    await user.click(await within(dialog()).findByRole("button", { name: "Show more" }));
    expect(await within(dialog()).findByRole("alert")).toHaveTextContent("More could not be loaded.");
    expect(rows()).toHaveLength(10);
    await user.click(within(dialog()).getByRole("button", { name: "Show more" }));
    await waitFor(() => { expect(rows()).toHaveLength(12); });
    expect(within(dialog()).queryByRole("alert")).toBeNull();
  });

  it("says that it loads, and when it could not be loaded, with Retry", async () => {
    storeEvidence(1);
    const release = api.hold("GET", FIRST_PAGE);
    api.answer("GET", FIRST_PAGE, { status: 500, body: {} });
    const { user, container } = await askWhy();
    expect(within(dialog()).getByText("Loading what fed this tag…")).toHaveAttribute("role", "status");
    release();
    const alert = await within(dialog()).findByRole("alert");
    await expectNoAxeViolations(container);
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    await within(dialog()).findByText("Project view: Project 1");
    expect(within(dialog()).getByRole("heading")).toHaveFocus();
  });

  it("says when nothing is stored any more", async () => {
    storeEvidence(1);
    api.profile.evidence = {};
    await askWhy();
    expect(await within(dialog()).findByText(/Nothing that fed this tag is stored any more/)).toBeInTheDocument();
  });

  it("says when a deletion fails, in the row, and leaves the row", async () => {
    storeEvidence(2);
    api.answer("DELETE", "me/interactions/2/", { status: 500, body: {} });
    const { user } = await askWhy();
    await user.click(await within(dialog()).findByRole("button", { name: /^Delete Project view: Project 2,/ }));
    expect(await within(dialog()).findByRole("alert")).toHaveTextContent("It was not deleted. Something went wrong on the server");
    expect(rows()).toHaveLength(2);
    await waitFor(() => { expect(deleteButton("Project 2")).not.toHaveAttribute("aria-disabled", "true"); });
    await user.click(deleteButton("Project 2"));
    await waitFor(() => { expect(rows()).toHaveLength(1); });
  });

  it("deletes once for a double click", async () => {
    storeEvidence(2);
    const release = api.hold("DELETE", "me/interactions/1/");
    const { user } = await askWhy();
    await user.dblClick(await within(dialog()).findByRole("button", { name: /^Delete Project view: Project 1,/ }));
    release();
    await waitFor(() => { expect(rows()).toHaveLength(1); });
    expect(api.received("DELETE", "me/interactions/1/")).toHaveLength(1);
  });
});

describe("inferred tags that are not used", () => {
  it.each([
    { settings: { mode: "explicit" }, says: "These are not used at the moment", badge: true },
    { settings: { mode: "none" }, says: "These are not used at the moment", badge: true },
    { settings: { paused: true }, says: "Learning is paused: nothing new is added", badge: false },
    { settings: { consent: "denied" }, says: "You said no: nothing new is added", badge: false },
    { settings: {}, says: "What your activity suggests, strongest first.", badge: false },
  ] as const)("are still listed, and it is said: $settings", async ({ settings, says, badge }) => {
    storeEvidence(1);
    api.profile.settings = { ...DEFAULT_SETTINGS, ...settings };
    const { container } = renderPage();
    await within(inferredSection()).findByText("Python");
    await screen.findByRole("slider");
    expect(inferredSection()).toHaveTextContent(says);
    expect(within(inferredSection()).queryAllByText("Not in use")).toHaveLength(badge ? 2 : 0);
    expect(button("Why Python")).toBeInTheDocument();
    await expectNoAxeViolations(container);
  });
});
