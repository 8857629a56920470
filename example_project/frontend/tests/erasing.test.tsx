import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, evidence, inferred, PYTHON, ROBOTICS, RUST, tag } from "./support/data";
import { DEFAULT_SETTINGS } from "./support/fakeProfile";
import { button, expectNoAxeViolations, renderLoadedPage, section, serveApi } from "./support/page";

const api = serveApi();
const PROFILE = "me/personalization/";
const SETTINGS = "me/personalization/settings/";

const data = () => section("Your data");
const erasures = () => api.received("DELETE", PROFILE);

async function askToErase(settings = {}) {
  api.profile.settings = { ...DEFAULT_SETTINGS, paused: true, ...settings };
  api.tags = [tag(11, PYTHON), tag(12, AI), inferred(21, RUST, 0.5, 2), tag(31, ROBOTICS, { state: "hidden" }), tag(41, "Zig", { state: "dismissed" })];
  api.profile.evidence = { 21: [evidence(1, 0.5)] };
  api.profile.totalInteractions = 41;
  const page = await renderLoadedPage();
  await page.user.click(button("Delete my data…"));
  const dialog = await screen.findByRole("alertdialog", { name: "Delete all your data?" });
  return {
    ...page,
    dialog,
    sure: within(dialog).getByRole("checkbox", { name: "Yes, delete all of it" }),
    stop: within(dialog).getByRole("checkbox", { name: "Do not collect anything from now on" }),
    confirm: within(dialog).getByRole("button", { name: "Delete my data" }),
  };
}

describe("Delete my data", () => {
  it("says what will go, with numbers", async () => {
    const { dialog, container } = await askToErase();
    await within(dialog).findByText("41 interactions");
    expect(dialog).toHaveTextContent("This cannot be undone.");
    expect(dialog).toHaveTextContent("5 tags: 2 picked, 1 from your activity, 1 hidden, 1 removed.");
    expect(dialog).toHaveTextContent("your settings, your answer about learning included");
    expect(dialog).toContainElement(document.activeElement as HTMLElement);
    await expectNoAxeViolations(container);
  });

  it("does nothing until it is confirmed, and says what is missing", async () => {
    const { user, dialog, sure, confirm, container } = await askToErase();
    await user.click(confirm);
    expect(within(dialog).getByText("Tick this box first: nothing can bring your data back.")).toBeInTheDocument();
    expect(sure).toHaveFocus();
    expect(sure).toHaveAccessibleDescription(/Tick this box first/);
    expect(sure).toBeInvalid();
    await expectNoAxeViolations(container);
    await user.click(sure);
    expect(within(dialog).queryByText(/Tick this box first/)).toBeNull();
    expect(erasures()).toEqual([]);
  });

  it.each(["Cancel", "Escape"])("deletes nothing with %s, and gives the focus back", async (way) => {
    const { user, dialog, sure } = await askToErase();
    await user.click(sure);
    if (way === "Escape") await user.keyboard("{Escape}");
    else await user.click(within(dialog).getByRole("button", { name: way }));
    await waitFor(() => { expect(screen.queryByRole("alertdialog")).toBeNull(); });
    expect(erasures()).toEqual([]);
    await waitFor(() => { expect(button("Delete my data…")).toHaveFocus(); });
  });

  it("deletes everything, shows the empty page and says what was deleted", async () => {
    const { user, sure, stop, confirm, container } = await askToErase();
    expect(stop).not.toBeChecked();
    await user.click(sure);
    await user.click(confirm);
    expect(await within(data()).findByText("Deleted: 5 tags, 41 interactions, and your settings.")).toHaveAttribute("role", "status");
    expect(erasures()).toHaveLength(1);
    expect(screen.queryByRole("alertdialog")).toBeNull();
    expect(screen.getByText(/not saved any picks yet/)).toBeInTheDocument();
    expect(screen.getByText(/Nothing yet\. Tags appear here/)).toBeInTheDocument();
    expect(screen.getByText(/Nothing hidden/)).toBeInTheDocument();
    expect(screen.getByText(/Nothing removed/)).toBeInTheDocument();
    expect(screen.getByRole("switch")).not.toBeChecked();
    expect(erasures()[0]?.body).toBeUndefined();
    expect(within(data()).getByText(/^Deleted/)).not.toHaveTextContent("from now on");
    expect(api.received("PATCH", SETTINGS)).toEqual([]);
    await waitFor(() => { expect(button("Delete my data…")).toHaveFocus(); });
    await expectNoAxeViolations(container);
  });

  it("forgets what was picked and not saved, and what could be undone", async () => {
    api.tags = [tag(11, PYTHON), tag(12, AI)];
    const { user } = await renderLoadedPage();
    await user.click(button("Remove Python"));
    await screen.findByRole("button", { name: "Undo" });
    await user.click(button("Rust"));
    await user.click(button("Delete my data…"));
    await user.click(await screen.findByRole("checkbox", { name: "Yes, delete all of it" }));
    await user.click(button("Delete my data"));
    await within(data()).findByText("Deleted: 2 tags.");
    await waitFor(() => { expect(screen.getByText("No unsaved changes")).toBeInTheDocument(); });
    expect(button("Rust")).toHaveAttribute("aria-pressed", "false");
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  it("says no for the future where that was asked for, in the request that deletes", async () => {
    const { user, sure, stop, confirm } = await askToErase();
    await user.click(sure);
    await user.click(stop);
    await user.click(confirm);
    expect(await within(data()).findByText(/^Deleted: 5 tags.* Nothing is collected from now on\.$/)).toBeInTheDocument();
    const writes = api.requests.filter(({ method }) => method !== "GET").map(({ method, path, body }) => [method, path, body]);
    expect(writes).toEqual([["DELETE", PROFILE, { consent: "denied" }]]);
    expect(section("Settings")).toHaveTextContent("You said no.");
  });

  it("proposes that to those who have said no already: the deletion would take their no with it", async () => {
    const { stop } = await askToErase({ consent: "denied" });
    expect(stop).toBeChecked();
  });

  it("says no once more where something on the way has dropped it", async () => {
    api.answer("DELETE", PROFILE, { status: 200, body: { deleted: { tags: 5, interactions: 41, settings: 1 }, consent: "unset" } });
    const { user, sure, stop, confirm } = await askToErase();
    await user.click(sure);
    await user.click(stop);
    await user.click(confirm);
    expect(await within(data()).findByText(/^Deleted: 5 tags.* Nothing is collected from now on\.$/)).toBeInTheDocument();
    expect(api.received("PATCH", SETTINGS).map(({ body }) => body)).toEqual([{ consent: "denied" }]);
    expect(api.profile.settings.consent).toBe("denied");
  });

  it("says when the data is gone and the no could not be saved, and tries again", async () => {
    api.answer("DELETE", PROFILE, { status: 200, body: { deleted: { tags: 5, interactions: 41, settings: 1 }, consent: "unset" } });
    api.answer("PATCH", SETTINGS, { status: 500, body: {} });
    const { user, sure, stop, confirm } = await askToErase();
    await user.click(sure);
    await user.click(stop);
    await user.click(confirm);
    const alert = await within(data()).findByRole("alert");
    expect(alert).toHaveTextContent("Your data is deleted, but this site may still collect: your choice was not saved.");
    expect(within(data()).getByText(/^Deleted: 5 tags/)).not.toHaveTextContent("from now on");
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    expect(await within(data()).findByText(/Nothing is collected from now on\.$/)).toBeInTheDocument();
    expect(api.profile.settings.consent).toBe("denied");
    expect(erasures()).toHaveLength(1);
  });

  it("stays open and says why when the deletion fails, and can be repeated", async () => {
    api.answer("DELETE", PROFILE, { status: 500, body: {} });
    const { user, dialog, sure, confirm } = await askToErase();
    await user.click(sure);
    await user.click(confirm);
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("Your data was not deleted. Something went wrong on the server");
    expect(api.tags).toHaveLength(5);
    expect(sure).toBeChecked();
    await user.click(confirm);
    await within(data()).findByText(/^Deleted: 5 tags/);
    expect(erasures()).toHaveLength(2);
  });

  it("cannot be closed or sent twice while it deletes", async () => {
    const release = api.hold("DELETE", PROFILE);
    const { user, dialog, sure, confirm } = await askToErase();
    await user.click(sure);
    await user.dblClick(confirm);
    expect(await within(dialog).findByRole("button", { name: "Deleting…" })).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("alertdialog")).toBeInTheDocument();
    release();
    await within(data()).findByText(/^Deleted/);
    expect(erasures()).toHaveLength(1);
  });

  it("is possible where the numbers cannot be loaded", async () => {
    api.answer("GET", PROFILE, { status: 500, body: {} });
    const { user, dialog, sure, confirm } = await askToErase();
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("This could not be loaded.");
    await user.click(sure);
    await user.click(confirm);
    await within(data()).findByText(/^Deleted: 5 tags/);
  });

  it("says when there was nothing", async () => {
    const { user } = await renderLoadedPage();
    await user.click(button("Delete my data…"));
    await user.click(await screen.findByRole("checkbox", { name: "Yes, delete all of it" }));
    await user.click(button("Delete my data"));
    expect(await within(data()).findByText("There was nothing to delete.")).toBeInTheDocument();
  });
});
