import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { configureApi } from "../src/services/http";
import { PYTHON, ROBOTICS, tag } from "./support/data";
import { BASE_PATH } from "./support/fakeApi";
import { button, expectNoAxeViolations, renderLoadedPage, saveButton, serveApi } from "./support/page";

const api = serveApi();
const SELECTION = "me/tags/selection/";

const saves = () => api.received("PUT", SELECTION).map(({ body }) => body);
const isPicked = (name: string) => button(name).getAttribute("aria-pressed") === "true";

describe("a save that fails", () => {
  async function failToSave() {
    api.tags = [tag(11, PYTHON)];
    const page = await renderLoadedPage();
    await page.user.click(button("Rust"));
    await page.user.click(button("Python"));
    await page.user.click(saveButton());
    return { ...page, alert: await screen.findByRole("alert") };
  }

  const expectPicksKept = () => {
    expect(isPicked("Rust")).toBe(true);
    expect(isPicked("Python")).toBe(false);
    expect(screen.getByText("2 unsaved changes")).toBeInTheDocument();
  };

  it("keeps the picks and says what the server said, and the next save works", async () => {
    api.answer("PUT", SELECTION, { status: 400, body: { taxonomy_ids: ["No active taxonomy has the id 2."] } });
    const { user, alert, container } = await failToSave();
    expect(alert).toHaveTextContent("Your changes were not saved.");
    expect(alert).toHaveTextContent("taxonomy_ids: No active taxonomy has the id 2.");
    expect(alert).toHaveTextContent("Check your picks, then press Save Changes again.");
    expectPicksKept();
    await expectNoAxeViolations(container);
    await user.click(saveButton());
    expect(await screen.findByText("Your changes are saved.")).toBeInTheDocument();
    expect(screen.queryByRole("alert")).toBeNull();
    expect(saves()).toHaveLength(2);
  });

  it("drops a pick that the site has withdrawn, so that the next save works", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(button("Robotics"));
    api.taxonomies = { ...api.taxonomies, skill: [PYTHON] };
    api.answer("PUT", SELECTION, { status: 400, body: { taxonomy_ids: ["No active taxonomy has the id 2."] } });
    await user.click(saveButton());
    await screen.findByRole("alert");
    await waitFor(() => { expect(screen.getByText("1 unsaved change")).toBeInTheDocument(); });
    await user.click(saveButton());
    await screen.findByText("Your changes are saved.");
    expect(saves().at(-1)).toEqual({ taxonomy_ids: [PYTHON.id, ROBOTICS.id] });
  });

  it.each([401, 403])("says how to sign in again on status %i", async (status) => {
    api.answer("PUT", SELECTION, { status, body: { detail: "Authentication credentials were not provided." } });
    const { alert } = await failToSave();
    expect(alert).toHaveTextContent("You have been signed out. Sign in in another tab and press Save Changes again.");
    expectPicksKept();
  });

  it("says when the server fails", async () => {
    api.answer("PUT", SELECTION, { status: 500, text: "<h1>Oops</h1>" });
    const { alert } = await failToSave();
    expect(alert).toHaveTextContent("Something went wrong on the server (status 500). Try again in a moment.");
    expectPicksKept();
  });

  it("says when to try again", async () => {
    api.answer("PUT", SELECTION, { status: 429, body: { detail: "Throttled." }, headers: { "Retry-After": "30" } });
    const { alert } = await failToSave();
    expect(alert).toHaveTextContent("Try again in 30 seconds.");
    expectPicksKept();
  });

  it("says when there is no connection", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(button("Python"));
    configureApi({ apiBaseUrl: "http://127.0.0.1:9/" });
    await user.click(saveButton());
    expect(await screen.findByRole("alert")).toHaveTextContent("The server could not be reached. Check your connection");
    expectPicksKept();
    configureApi({ apiBaseUrl: BASE_PATH });
    await user.click(saveButton());
    expect(await screen.findByText("Your changes are saved.")).toBeInTheDocument();
  });

  it("is forgotten with Discard changes", async () => {
    api.answer("PUT", SELECTION, { status: 500, body: {} });
    const { user } = await failToSave();
    await user.click(button("Discard changes"));
    expect(screen.queryByRole("alert")).toBeNull();
    expect(isPicked("Python")).toBe(true);
  });
});
