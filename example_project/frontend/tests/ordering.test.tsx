import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { PARAMETERS } from "./support/data";
import { expectNoAxeViolations, renderPage, section, serveApi } from "./support/page";

const api = serveApi();
const PATH = "personalization/parameters/";
const ordering = () => section("How ordering works");

describe("how ordering works", () => {
  it("is said in the server's words, with how much each counts where that has an amount", async () => {
    const { container, user } = renderPage();
    expect(await within(ordering()).findByText(PARAMETERS.intro)).toBeInTheDocument();
    const depends = within(ordering()).getByRole("button", { name: "What it depends on" });
    expect(depends).toHaveAttribute("aria-expanded", "false");
    await user.click(depends);
    expect(depends).toHaveAttribute("aria-expanded", "true");
    const rows = within(ordering()).getAllByRole("listitem");
    expect(rows.map((row) => row.textContent)).toEqual([
      "Projects with your tags come first.Importance70%",
      "Newer projects come before older ones.Importance30%",
      "What you do fades.",
      "Choose what may be used, under Settings.",
    ]);
    expect(within(ordering()).getAllByRole("meter", { name: "Importance" })[0]).toHaveAttribute("aria-valuetext", "70%");
    await user.click(within(ordering()).getByRole("button", { name: "How to change it" }));
    expect(rows[3]).toBeVisible();
    await screen.findByRole("slider");
    await expectNoAxeViolations(container);
  });

  it("says when ordering depends on nothing", async () => {
    api.profile.parameters = { intro: "Nothing is ordered.", parameters: [], controls: [] };
    renderPage();
    expect(await within(ordering()).findByText("This site orders nothing for you.")).toBeInTheDocument();
    expect(within(ordering()).queryByRole("list")).toBeNull();
  });

  it("says that it loads, that it failed, and loads with Retry", async () => {
    const release = api.hold("GET", PATH);
    api.answer("GET", PATH, { status: 500, body: {} });
    const { user } = renderPage();
    expect(await within(ordering()).findByText("Loading how ordering works…")).toHaveAttribute("role", "status");
    release();
    await user.click(await within(ordering()).findByRole("button", { name: "Retry" }));
    expect(await within(ordering()).findByText(PARAMETERS.intro)).toBeInTheDocument();
    expect(within(ordering()).getByRole("heading", { level: 2 })).toHaveFocus();
  });
});
