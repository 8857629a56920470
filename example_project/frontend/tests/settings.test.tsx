import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { DEFAULT_SETTINGS } from "./support/fakeProfile";
import { button, expectNoAxeViolations, renderLoadedPage, renderPage, section, serveApi } from "./support/page";

const api = serveApi();
const PATH = "me/personalization/settings/";

const settings = () => section("Settings");
const radio = (name: RegExp) => within(settings()).getByRole("radio", { name });
const question = () => within(settings()).getByRole("radiogroup", { name: "May this site learn from what you do?" });
const paused = () => within(settings()).getByRole("switch", { name: "Pause learning" });
const slider = () => within(settings()).getByRole("slider", { name: "Discovery" });
const sent = () => api.received("PATCH", PATH).map(({ body }) => body);

function setPrivacyControl(value: boolean | undefined) {
  Object.defineProperty(navigator, "globalPrivacyControl", { value, configurable: true });
}

afterEach(() => { setPrivacyControl(undefined); });

describe("the settings", () => {
  it("say that they load", async () => {
    const release = api.hold("GET", PATH);
    renderPage();
    expect(await within(settings()).findByText("Loading your settings…")).toHaveAttribute("role", "status");
    expect(settings()).toHaveAttribute("aria-busy", "true");
    expect(screen.queryByRole("button", { name: "Save Changes" })).toBeNull();
    release();
    expect(await within(settings()).findByRole("slider")).toBeInTheDocument();
  });

  it("say that they could not be loaded, let people pick all the same, and load with Retry", async () => {
    api.answer("GET", PATH, { status: 500, body: {} });
    const { user } = renderPage();
    const alert = await within(settings()).findByRole("alert");
    expect(await screen.findByRole("button", { name: "Save Changes" })).toBeInTheDocument();
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    expect(await within(settings()).findByRole("slider")).toBeInTheDocument();
    expect(within(settings()).getByRole("heading")).toHaveFocus();
  });

  it("have no violations in any state of consent", async () => {
    api.profile.settings = { consent: "denied", paused: true, mode: "explicit", discovery: 0 };
    const { container } = await renderLoadedPage();
    await expectNoAxeViolations(container);
  });
});

describe("consent", () => {
  it.each([
    { consent: "unset", says: "Not chosen yet.", yes: false, no: false },
    { consent: "granted", says: "You said yes.", yes: true, no: false },
    { consent: "denied", says: "You said no.", yes: false, no: true },
  ] as const)("is shown plainly: $consent", async ({ consent, says, yes, no }) => {
    api.profile.settings = { ...DEFAULT_SETTINGS, consent };
    await renderLoadedPage();
    expect(question()).toHaveAccessibleDescription(expect.stringContaining(says));
    expect(radio(/^Yes/)).toHaveProperty("checked", yes);
    expect(radio(/^No$/)).toHaveProperty("checked", no);
    expect(settings()).not.toHaveTextContent("Global Privacy Control");
  });

  it("says what Global Privacy Control means for those who have not chosen, and for nobody else", async () => {
    setPrivacyControl(true);
    const { user } = await renderLoadedPage();
    expect(question()).toHaveAccessibleDescription(/Your browser sends Global Privacy Control, so nothing is collected because of it/);
    await user.click(radio(/^Yes/));
    await waitFor(() => { expect(settings()).not.toHaveTextContent("Global Privacy Control"); });
  });

  it("is saved at once, and said", async () => {
    const { user } = await renderLoadedPage();
    await user.click(radio(/^Yes/));
    expect(await within(settings()).findByText(/^Saved\. What you view, search and add here/)).toHaveAttribute("role", "status");
    expect(sent()).toEqual([{ consent: "granted" }]);
    expect(api.profile.settings).toEqual({ ...DEFAULT_SETTINGS, consent: "granted" });
  });
});

describe("the other settings", () => {
  it("are saved one by one, each at once", async () => {
    const { user } = await renderLoadedPage();
    await user.click(paused());
    await within(settings()).findByText("Saved. Learning is paused.");
    await user.click(radio(/^Only my picks/));
    await within(settings()).findByText(/^Saved\. What your activity suggests is kept, and not used\./);
    await user.click(paused());
    await within(settings()).findByText("Saved. Learning is not paused.");
    expect(sent()).toEqual([{ paused: true }, { mode: "explicit" }, { paused: false }]);
    expect(api.profile.settings).toEqual({ ...DEFAULT_SETTINGS, mode: "explicit" });
  });

  it("move the slider at once and save it once it rests", async () => {
    const { user } = await renderLoadedPage();
    expect(settings()).toHaveTextContent("Your choice is stored; nothing here uses it yet.");
    slider().focus();
    await user.keyboard("{ArrowRight}{ArrowRight}{ArrowRight}");
    expect(slider()).toHaveValue("53");
    await within(settings()).findByText("Saved. Discovery is at 53.");
    expect(sent()).toEqual([{ discovery: 53 }]);
    expect(slider()).toHaveValue("53");
  });

  it("go back to their defaults", async () => {
    api.profile.settings = { consent: "granted", paused: true, mode: "explicit", discovery: 90 };
    const { user } = await renderLoadedPage();
    await user.click(button("Back to defaults"));
    expect(await within(settings()).findByText("Your settings are back to their defaults.")).toBeInTheDocument();
    expect(api.received("POST", `${PATH}reset/`)).toHaveLength(1);
    expect(paused()).not.toBeChecked();
    expect(radio(/^My picks and what/)).toBeChecked();
    expect(slider()).toHaveValue("50");
    expect(question()).toHaveAccessibleDescription(expect.stringContaining("Not chosen yet."));
  });
});

describe("a change that fails", () => {
  it("is shown before the server answers, taken back when it refuses, and sent again with Retry", async () => {
    const release = api.hold("PATCH", PATH);
    api.answer("PATCH", PATH, { status: 400, body: { mode: ["'explicit' is not one of: full, none."] } });
    const { user, container } = await renderLoadedPage();
    await user.click(radio(/^Only my picks/));
    await waitFor(() => { expect(radio(/^Only my picks/)).toBeChecked(); });
    expect(within(settings()).getByText("Saving…")).toBeInTheDocument();
    release();
    const alert = await within(settings()).findByRole("alert");
    expect(alert).toHaveTextContent("Your settings were not saved. The server did not accept the request.");
    expect(alert).toHaveTextContent("mode: 'explicit' is not one of: full, none.");
    expect(radio(/^My picks and what/)).toBeChecked();
    await expectNoAxeViolations(container);
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    await within(settings()).findByText(/^Saved\./);
    expect(sent()).toEqual([{ mode: "explicit" }, { mode: "explicit" }]);
    expect(radio(/^Only my picks/)).toBeChecked();
    expect(within(settings()).queryByRole("alert")).toBeNull();
    expect(within(settings()).getByRole("heading")).toHaveFocus();
  });

  it("takes back itself alone: what was changed meanwhile stays", async () => {
    const releaseMode = api.hold("PATCH", PATH);
    api.answer("PATCH", PATH, { status: 500, body: {} });
    const { user } = await renderLoadedPage();
    await user.click(radio(/^Only my picks/));
    await waitFor(() => { expect(sent()).toHaveLength(1); });
    await user.click(paused());
    releaseMode();
    const releasePause = api.hold("PATCH", PATH);
    expect(await within(settings()).findByRole("alert")).toHaveTextContent("Your settings were not saved.");
    expect(radio(/^My picks and what/)).toBeChecked();
    expect(paused()).toBeChecked();
    releasePause();
    await within(settings()).findByText("Saved. Learning is paused.");
    expect(within(settings()).getByRole("alert")).toBeInTheDocument();
    expect(radio(/^My picks and what/)).toBeChecked();
    expect(paused()).toBeChecked();
    expect(sent()).toEqual([{ mode: "explicit" }, { paused: true }]);
  });

  it("does not let an early answer undo a later change", async () => {
    const release = api.hold("PATCH", PATH);
    const { user } = await renderLoadedPage();
    await user.click(radio(/^Only my picks/));
    await user.click(paused());
    await waitFor(() => { expect(paused()).toBeChecked(); });
    const seen: boolean[] = [];
    const observer = new MutationObserver(() => { seen.push((paused() as HTMLInputElement).checked); });
    observer.observe(settings(), { subtree: true, childList: true, characterData: true, attributes: true });
    release();
    await within(settings()).findByText("Saved. Learning is paused.");
    observer.disconnect();
    expect(seen).not.toContain(false);
    expect(api.profile.settings).toEqual({ ...DEFAULT_SETTINGS, mode: "explicit", paused: true });
  });

  it("brings the slider back", async () => {
    api.answer("PATCH", PATH, { status: 500, body: {} });
    await renderLoadedPage();
    fireEvent.change(slider(), { target: { value: "80" } });
    expect(slider()).toHaveValue("80");
    await within(settings()).findByRole("alert");
    await waitFor(() => { expect(slider()).toHaveValue("50"); });
  });

  it("says so when the reset fails", async () => {
    api.profile.settings = { ...DEFAULT_SETTINGS, paused: true };
    api.answer("POST", `${PATH}reset/`, { status: 503, body: {} });
    const { user } = await renderLoadedPage();
    await user.click(button("Back to defaults"));
    const alert = await within(settings()).findByRole("alert");
    expect(alert).toHaveTextContent("Your settings were not reset.");
    expect(paused()).toBeChecked();
    await user.click(within(alert).getByRole("button", { name: "Retry" }));
    await within(settings()).findByText("Your settings are back to their defaults.");
  });
});
