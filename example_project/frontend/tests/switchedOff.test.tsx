import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { PYTHON, tag } from "./support/data";
import { DEFAULT_SETTINGS } from "./support/fakeProfile";
import { button, expectNoAxeViolations, renderLoadedPage, renderPage, section, serveApi } from "./support/page";

const api = serveApi();
const PATH = "me/personalization/settings/";
const sent = () => api.received("PATCH", PATH).map(({ body }) => body);

describe("personalization that is off", () => {
  async function renderOff() {
    api.tags = [tag(11, PYTHON)];
    api.profile.settings = { ...DEFAULT_SETTINGS, mode: "none" };
    const page = renderPage();
    await within(section("Pick tags")).findByText("Personalization is off; your tags are kept.");
    await within(section("Your picks")).findByText("Python");
    return page;
  }

  it("offers to switch it on, and neither picks nor Save", async () => {
    const { container } = await renderOff();
    expect(screen.queryByRole("button", { name: "Save Changes" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Rust" })).toBeNull();
    expect(section("Your picks")).toHaveTextContent("Kept, and not used while personalization is off.");
    await expectNoAxeViolations(container);
  });

  it("comes back with everything that was picked", async () => {
    const { user } = await renderOff();
    await user.click(button("Switch personalization on"));
    expect(await screen.findByRole("button", { name: "Python" })).toHaveAttribute("aria-pressed", "true");
    expect(sent()).toEqual([{ mode: "full" }]);
    expect(within(section("Pick tags")).getByRole("heading", { level: 2 })).toHaveFocus();
    expect(await screen.findByRole("button", { name: "Save Changes" })).toBeInTheDocument();
    expect(screen.getByText("1 tag picked")).toBeInTheDocument();
    expect(api.received("PUT", "me/tags/selection/")).toEqual([]);
  });

  it("says so when it could not be switched on", async () => {
    api.answer("PATCH", PATH, { status: 500, body: {} });
    const { user } = await renderOff();
    await user.click(button("Switch personalization on"));
    const alert = await within(section("Pick tags")).findByRole("alert");
    expect(alert).toHaveTextContent("Your settings were not saved.");
    expect(button("Switch personalization on")).toBeInTheDocument();
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("button", { name: "Rust" })).toBeInTheDocument();
  });

  it("keeps unsaved picks for when it is on again", async () => {
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(within(section("Settings")).getByRole("radio", { name: /^Nothing: personalization is off/ }));
    await screen.findByText("Personalization is off; your tags are kept.");
    await user.click(button("Switch personalization on"));
    expect(await screen.findByRole("button", { name: "Rust" })).toHaveAttribute("aria-pressed", "true");
    expect(screen.getByText("1 unsaved change")).toBeInTheDocument();
  });
});
