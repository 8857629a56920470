import { describe, expect, it } from "vitest";

import { configureApi } from "../src/services/http";
import * as service from "../src/services/personalization";
import { serveApi } from "./support/page";

const api = serveApi();

describe("an export", () => {
  const EXPORT = "me/personalization/export/";

  it("is the document as the server sent it", async () => {
    const document = { tags: [{ name: "北京 😀" }], big: "x".repeat(100_000) };
    api.answer("GET", EXPORT, { status: 200, body: document });
    const file = await service.exportProfile();
    expect(file.type).toBe("application/json");
    expect(await file.text()).toBe(JSON.stringify(document));
    expect(api.requests).toEqual([{ method: "GET", path: EXPORT, body: undefined, csrfToken: undefined }]);
  });

  it("has more time than other requests", async () => {
    configureApi({ timeout: 20 });
    const release = api.hold("GET", EXPORT);
    setTimeout(release, 200);
    expect(await (await service.exportProfile()).text()).toContain("django-personalization");
  });

  it.each([
    [{ status: 200, text: '{"tags": [{"na' }, { status: 502 }],
    [{ status: 302, headers: { Location: "/api/v1/login/" } }, { status: 401, isSignedOut: true }],
    [{ status: 429, body: { detail: "Wait." }, headers: { "Retry-After": "9" } }, { status: 429, retryAfter: 9 }],
  ])("that is none fails: %o", async (answer, error) => {
    api.answer("GET", EXPORT, answer);
    api.answer("GET", "login/", { status: 200, text: "<h1>Sign in</h1>" });
    await expect(service.exportProfile()).rejects.toMatchObject(error);
  });
});
