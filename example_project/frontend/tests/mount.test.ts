import { screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { PYTHON, tag } from "./support/data";
import { BASE_PATH } from "./support/fakeApi";
import { button, serveApi } from "./support/page";

const api = serveApi();

beforeEach(() => { vi.resetModules(); });
afterEach(() => { document.body.replaceChildren(); });

it("mounts on the host's element, with the address and the cookie that it names", async () => {
  document.cookie = "my_csrf=from-the-host";
  document.body.innerHTML = `<div id="personalization" data-api-base-url="${BASE_PATH}" data-csrf-cookie-name="my_csrf"></div>`;
  api.tags = [tag(11, PYTHON)];
  await import("../src/main");
  expect(await screen.findByRole("heading", { level: 1, name: "Your interests" })).toBeInTheDocument();
  await screen.findByRole("button", { name: "Rust" });
  button("Remove Python").click();
  await screen.findByText(/Removed Python/);
  expect(api.received("DELETE", "me/tags/11/")[0]?.csrfToken).toBe("from-the-host");
});

it("leaves a page without the element alone", async () => {
  document.body.innerHTML = "<main>Another page</main>";
  await import("../src/main");
  expect(document.body).toHaveTextContent(/^Another page$/);
  expect(api.requests).toEqual([]);
});
