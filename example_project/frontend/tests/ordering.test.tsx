import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { PARAMETERS } from "./support/data";
import { expectNoAxeViolations, renderPage, section, serveApi } from "./support/page";

const api = serveApi();
const PATH = "personalization/parameters/";
const ordering = () => section("How ordering works");

describe("how ordering works", () => {
  it("is said in the server's words, with how much each counts", async () => {
    const { container } = renderPage();
    expect(await within(ordering()).findByText(PARAMETERS.intro)).toBeInTheDocument();
    const meter = within(ordering()).getByRole("meter", { name: "Importance: Projects with your tags come first." });
    expect(meter).toHaveAttribute("aria-valuetext", "70%");
    expect(within(ordering()).getAllByRole("listitem").map((row) => row.textContent)).toEqual([
      "Projects with your tags come first.Importance70%",
      "Newer projects come before older ones.Importance30%",
      "What you hid is left out.",
      "What you do fades.",
      "Choose what may be used, under Settings.",
    ]);
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
