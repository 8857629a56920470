import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, evidence, inferred, PYTHON, RUST, tag } from "./support/data";
import { DEFAULT_SETTINGS } from "./support/fakeProfile";
import { expectNoAxeViolations, renderLoadedPage, section, serveApi } from "./support/page";

const api = serveApi();
const RESET = "me/personalization/reset/";

const settings = () => section("Settings");
const no = () => within(settings()).getByRole("radio", { name: "No" });
const choose = (dialog: HTMLElement, name: string) => within(dialog).getByRole("button", { name });

async function withdraw() {
  api.profile.settings = { ...DEFAULT_SETTINGS, consent: "granted" };
  api.tags = [tag(11, AI), inferred(21, PYTHON, 0.5, 2), inferred(22, RUST, 0.3, 1)];
  api.profile.evidence = { 21: [evidence(1, 0.2), evidence(2, 0.3)], 22: [evidence(3, 0.3)] };
  api.profile.totalInteractions = 1234;
  const page = await renderLoadedPage();
  await page.user.click(no());
  return { ...page, dialog: await screen.findByRole("dialog", { name: "Delete what was collected?" }) };
}

describe("withdrawing consent", () => {
  it("says no first, and then offers to delete what was collected, with its numbers", async () => {
    const { container, dialog } = await withdraw();
    expect(api.profile.settings.consent).toBe("denied");
    expect(await within(dialog).findByText("1,234 interactions")).toBeInTheDocument();
    expect(within(dialog).getByText("2 tags that your activity suggested")).toBeInTheDocument();
    expect(dialog).toContainElement(document.activeElement as HTMLElement);
    await expectNoAxeViolations(container);
    expect(api.received("POST", RESET)).toEqual([]);
  });

  it("keeps it with Keep, and gives the focus back", async () => {
    const { user, dialog } = await withdraw();
    await user.click(choose(dialog, "Keep it"));
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
    expect(api.received("POST", RESET)).toEqual([]);
    await waitFor(() => { expect(no()).toHaveFocus(); });
    expect(section("From your activity")).toHaveTextContent("You said no: nothing new is added");
    expect(section("From your activity")).toHaveTextContent("Python");
  });

  it("keeps it with Escape", async () => {
    const { user } = await withdraw();
    await user.keyboard("{Escape}");
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
    expect(api.received("POST", RESET)).toEqual([]);
  });

  it("deletes it with Delete, says what went, and leaves the picks", async () => {
    const { user, dialog } = await withdraw();
    await user.click(choose(dialog, "Delete it"));
    expect(await within(settings()).findByText(/Deleted: 2 tags and 1,234 interactions\./)).toHaveAttribute("role", "status");
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(api.received("POST", RESET)).toHaveLength(1);
    expect(within(section("From your activity")).getByText(/Nothing yet/)).toBeInTheDocument();
    expect(section("Your picks")).toHaveTextContent(AI.name);
    await waitFor(() => { expect(no()).toHaveFocus(); });
  });

  it("says when the deletion fails, and can be repeated", async () => {
    api.answer("POST", RESET, { status: 429, body: {}, headers: { "Retry-After": "3599" } });
    const { user, dialog } = await withdraw();
    await user.click(choose(dialog, "Delete it"));
    const alert = await within(dialog).findByRole("alert");
    expect(alert).toHaveTextContent("It was not deleted. That was too many requests. Try again in 60 minutes.");
    await waitFor(() => { expect(choose(dialog, "Delete it")).not.toHaveAttribute("aria-disabled", "true"); });
    await user.click(choose(dialog, "Delete it"));
    await within(settings()).findByText(/Deleted: 2 tags/);
    expect(api.received("POST", RESET)).toHaveLength(2);
  });

  it("offers it also when the numbers cannot be loaded, and says so", async () => {
    api.answer("GET", "me/personalization/", { status: 500, body: {} }, 2);
    const { user, dialog } = await withdraw();
    const alert = await within(dialog).findByRole("alert");
    expect(alert).toHaveTextContent("This could not be loaded.");
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    expect(await within(dialog).findByText("1,234 interactions")).toBeInTheDocument();
  });

  it("asks nothing where nothing was collected", async () => {
    const { user } = await renderLoadedPage();
    await user.click(no());
    await within(settings()).findByText(/^Saved\. Nothing that you do here is collected\./);
    await waitFor(() => { expect(api.received("GET", "me/personalization/")).toHaveLength(1); });
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("asks nothing while the no has not been saved", async () => {
    api.profile.totalInteractions = 3;
    api.answer("PATCH", "me/personalization/settings/", { status: 500, body: {} });
    const { user } = await renderLoadedPage();
    await user.click(no());
    await within(settings()).findByRole("alert");
    expect(no()).not.toBeChecked();
    await user.click(within(settings()).getByRole("switch"));
    await within(settings()).findByText("Saved. Learning is paused.");
    expect(api.received("GET", "me/personalization/")).toEqual([]);
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
