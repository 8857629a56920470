import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { RUST } from "./support/data";
import { button, expectNoAxeViolations, renderLoadedPage, renderPage, section, serveApi } from "./support/page";

const api = serveApi();

describe("the list to pick from", () => {
  it("says that it loads", async () => {
    const release = api.hold("GET", "taxonomies/by_category/");
    renderPage();
    expect(await screen.findByText("Loading tags…")).toHaveAttribute("role", "status");
    expect(section("Pick tags")).toHaveAttribute("aria-busy", "true");
    release();
    expect(await screen.findByRole("button", { name: "Python" })).toBeInTheDocument();
    expect(section("Pick tags")).toHaveAttribute("aria-busy", "false");
  });

  it("says that it failed, and Retry loads it", async () => {
    api.answer("GET", "taxonomies/by_category/", { status: 500, text: "<h1>Oops</h1>" });
    const { user, container } = renderPage();
    const alert = await within(section("Pick tags")).findByRole("alert");
    expect(alert).toHaveTextContent("This could not be loaded. Something went wrong on the server (status 500).");
    await expectNoAxeViolations(container);
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("button", { name: "Python" })).toBeInTheDocument();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("offers no picks and no Save while the saved picks are unknown", async () => {
    api.answer("GET", "me/tags/manual/", { status: 503, body: {} });
    const { user } = renderPage();
    const retry = await within(section("Pick tags")).findByRole("button", { name: "Retry" });
    expect(screen.queryByRole("button", { name: "Python" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Save Changes" })).toBeNull();
    await user.click(retry);
    expect(await screen.findByRole("button", { name: "Python" })).toBeInTheDocument();
    expect(button("Save Changes")).toBeInTheDocument();
  });

  it("keeps the list when a later load fails, and says that it may be old", async () => {
    const { queryClient } = await renderLoadedPage();
    api.answer("GET", "taxonomies/by_category/", { status: 401, body: { detail: "Sign in." } });
    await queryClient.invalidateQueries();
    await waitFor(() => { expect(within(section("Pick tags")).getByRole("alert")).toHaveTextContent(/may be out of date.*signed out/); });
    expect(button("Python")).toBeInTheDocument();
  });

  it("retries once however often Retry is pressed", async () => {
    const path = "taxonomies/by_category/";
    const { user, queryClient } = await renderLoadedPage();
    api.answer("GET", path, { status: 500, body: {} });
    await queryClient.invalidateQueries();
    const retry = await screen.findByRole("button", { name: "Retry" });
    const release = api.hold("GET", path);
    await user.click(retry);
    await waitFor(() => { expect(retry).toHaveAttribute("aria-disabled", "true"); });
    await user.click(retry);
    release();
    await waitFor(() => { expect(screen.queryByRole("alert")).toBeNull(); });
    expect(api.received("GET", path)).toHaveLength(3);
  });

  it("says when there is nothing to pick from", async () => {
    api.taxonomies = {};
    const { container } = renderPage();
    expect(await screen.findByText(/There is nothing to pick from yet/)).toBeInTheDocument();
    expect(screen.queryByRole("tab")).toBeNull();
    await expectNoAxeViolations(container);
  });

  it("shows a long list in steps, and moves the focus to what is new", async () => {
    const many = Array.from({ length: 205 }, (_, index) => ({ ...RUST, id: 500 + index, name: `Term ${index}` }));
    api.taxonomies = { skill: many };
    const { user } = await renderLoadedPage();
    expect(screen.queryByRole("button", { name: "Term 100" })).toBeNull();
    await user.click(button("Show 100 more of 105"));
    expect(button("Term 100")).toHaveFocus();
    await user.click(button("Show 5 more of 5"));
    expect(button("Term 204")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /more of/ })).toBeNull();
    await user.type(screen.getByRole("searchbox"), "term 204");
    expect(screen.getByText("1 result for “term 204”")).toBeInTheDocument();
  });

  it("shows names and descriptions as text, whatever they hold", async () => {
    api.taxonomies = { interest: [{ ...RUST, name: "<img src=x onerror=alert(1)>", category: "interest" }] };
    await renderLoadedPage();
    expect(button("<img src=x onerror=alert(1)>")).toBeInTheDocument();
    expect(document.querySelector("img")).toBeNull();
  });
});
