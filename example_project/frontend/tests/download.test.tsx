import { within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { PYTHON, tag } from "./support/data";
import { button, renderLoadedPage, section, serveApi } from "./support/page";

const api = serveApi();
const EXPORT = "me/personalization/export/";
const data = () => section("Your data");

interface Download {
  name: string;
  content: Blob;
}

/** Browsers save; jsdom cannot. What would be saved is kept here. */
let downloads: Download[];

beforeEach(() => {
  downloads = [];
  const blobs = new Map<string, Blob>();
  URL.createObjectURL = (blob) => {
    const url = `blob:test-${blobs.size}`;
    blobs.set(url, blob as Blob);
    return url;
  };
  URL.revokeObjectURL = () => undefined;
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function click(this: HTMLAnchorElement) {
    const content = blobs.get(this.href);
    if (content !== undefined) downloads.push({ name: this.download, content });
  });
});

describe("Download my data", () => {
  it("saves what the server sends as a file, and says so", async () => {
    api.tags = [tag(11, PYTHON)];
    const release = api.hold("GET", EXPORT);
    const { user } = await renderLoadedPage();
    await user.click(button("Download my data"));
    expect(await within(data()).findByText("Preparing the file…")).toHaveAttribute("role", "status");
    await user.click(button("Download my data"));
    release();
    expect(await within(data()).findByText("Downloaded personalization.json.")).toHaveAttribute("role", "status");
    expect(api.received("GET", EXPORT)).toHaveLength(1);
    expect(downloads.map(({ name }) => name)).toEqual(["personalization.json"]);
    const content = JSON.parse(await (downloads[0]?.content ?? new Blob()).text()) as object;
    expect(content).toMatchObject({ format: "django-personalization", tags: [{ name: "Python" }] });
  });

  it.each([
    { answer: { status: 429, body: {}, headers: { "Retry-After": "1800" } }, says: "Try again in 30 minutes." },
    { answer: { status: 200, text: '{"format": "django-personalization", "tags": [{"na' }, says: "Something went wrong on the server" },
  ])("saves nothing when it fails, and says why: $says", async ({ answer, says }) => {
    api.answer("GET", EXPORT, answer);
    const { user } = await renderLoadedPage();
    await user.click(button("Download my data"));
    const alert = await within(data()).findByRole("alert");
    expect(alert).toHaveTextContent("Your data could not be downloaded.");
    expect(alert).toHaveTextContent(says);
    expect(downloads).toEqual([]);
    await user.click(button("Download my data"));
    await within(data()).findByText("Downloaded personalization.json.");
    expect(within(data()).queryByRole("alert")).toBeNull();
  });
});
