import { QueryClient } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";

import { createQueryClient } from "../../src/hooks/queryClient";
import { PersonalizationSettingsPage } from "../../src/pages/PersonalizationSettingsPage";
import { configureApi } from "../../src/services/http";
import { BASE_PATH, FakeApi } from "./fakeApi";

declare const jsdom: { reconfigure: (options: { url: string }) => void };

export const CSRF_TOKEN = "a-token";

/** Start a server for the tests of one file and put the page at its address, as a host does. */
export function serveApi(): FakeApi {
  const api = new FakeApi();
  beforeAll(async () => { jsdom.reconfigure({ url: `${await api.start()}/account/settings/` }); });
  beforeEach(() => {
    api.reset();
    configureApi({ apiBaseUrl: BASE_PATH });
    document.cookie = `csrftoken=${CSRF_TOKEN}`;
  });
  afterAll(() => api.stop());
  return api;
}

/** The page as a host mounts it, except that it does not wait between retries. */
export function renderPage() {
  const queryClient: QueryClient = createQueryClient();
  const { queries, ...others } = queryClient.getDefaultOptions();
  queryClient.setDefaultOptions({ ...others, queries: { ...queries, retry: false } });
  return { user: userEvent.setup(), queryClient, ...render(<PersonalizationSettingsPage queryClient={queryClient} />) };
}

/** The page with everything loaded. */
export async function renderLoadedPage() {
  const page = renderPage();
  await screen.findAllByRole("toolbar");
  await within(section("Removed")).findAllByText(/restore|nothing removed/i, { selector: "p.pz-empty, button" });
  await within(section("From your activity")).findAllByText(/keep|nothing yet/i, { selector: "p.pz-empty, button" });
  await within(section("Hidden")).findAllByText(/restore|nothing hidden/i, { selector: "p.pz-empty, button" });
  await screen.findByRole("slider");
  return page;
}

export const section = (name: string) => screen.getByRole("region", { name: new RegExp(`^${name}`) });
export const button = (name: string) => screen.getByRole("button", { name });
export const saveButton = () => button("Save Changes");

export async function expectNoAxeViolations(container: Element): Promise<void> {
  // jsdom lays nothing out: contrast is looked at in a real browser.
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
