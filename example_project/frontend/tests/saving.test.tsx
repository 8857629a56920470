import { act, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { AI, inferred, PYTHON, ROBOTICS, RUST, tag } from "./support/data";
import { button, CSRF_TOKEN, renderLoadedPage, saveButton, section, serveApi } from "./support/page";

const api = serveApi();
const SELECTION = "me/tags/selection/";

const saves = () => api.received("PUT", SELECTION).map(({ body }) => body);
const isPicked = (name: string) => button(name).getAttribute("aria-pressed") === "true";

/** Warn before leaving? The event that a browser sends to ask. */
function leavingWarns(): boolean {
  return !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
}

describe("Save Changes", () => {
  it("sends the whole selection once, with the CSRF token, and shows what is saved", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(button("AI & Machine Learning"));
    await user.click(button("Python"));
    await user.click(saveButton());
    expect(await screen.findByText("Your changes are saved.")).toHaveAttribute("role", "status");
    expect(saves()).toEqual([{ taxonomy_ids: [RUST.id, AI.id] }]);
    expect(api.received("PUT", SELECTION)[0]?.csrfToken).toBe(CSRF_TOKEN);
    expect(section("Your picks")).toHaveTextContent(/Rust.*AI & Machine Learning/);
    expect(section("Your picks")).not.toHaveTextContent("Python");
    expect(screen.getByText("No unsaved changes")).toBeInTheDocument();
  });

  it("says that it is saving, and sends once however often it is pressed", async () => {
    const { user } = await renderLoadedPage();
    const release = api.hold("PUT", SELECTION);
    await user.click(button("Rust"));
    await user.dblClick(saveButton());
    expect(await screen.findByRole("button", { name: /Saving…/ })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: /Saving…/ }));
    release();
    expect(await screen.findByText("Your changes are saved.")).toBeInTheDocument();
    expect(saves()).toHaveLength(1);
  });

  it("sends once for two clicks in one moment", async () => {
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    const save = saveButton();
    act(() => {
      save.click();
      save.click();
    });
    expect(await screen.findByText("Your changes are saved.")).toBeInTheDocument();
    expect(saves()).toHaveLength(1);
  });

  it("sends nothing when nothing has changed, and says so", async () => {
    const { user } = await renderLoadedPage();
    await user.click(saveButton());
    expect(screen.getByText(/There is nothing to save/)).toBeInTheDocument();
    expect(saves()).toEqual([]);
  });

  it("keeps what is picked while it saves as unsaved", async () => {
    const { user } = await renderLoadedPage();
    const release = api.hold("PUT", SELECTION);
    await user.click(button("Rust"));
    await user.click(saveButton());
    await user.click(button("Robotics"));
    release();
    await waitFor(() => { expect(screen.getByText("1 unsaved change")).toBeInTheDocument(); });
    await waitFor(() => { expect(saveButton()).toBeInTheDocument(); });
    expect(isPicked("Robotics")).toBe(true);
    expect(saves()).toEqual([{ taxonomy_ids: [RUST.id] }]);
  });

  it("shows the server's truth when another tab has changed the picks", async () => {
    api.tags = [tag(11, PYTHON)];
    const { user, queryClient } = await renderLoadedPage();
    await user.click(button("Rust"));
    api.tags = [tag(13, ROBOTICS)];
    await queryClient.invalidateQueries();
    await waitFor(() => { expect(isPicked("Python")).toBe(false); });
    expect(isPicked("Rust")).toBe(true);
    await user.click(saveButton());
    await screen.findByText("Your changes are saved.");
    expect(saves()).toEqual([{ taxonomy_ids: [RUST.id, ROBOTICS.id] }]);
    api.tags = [tag(14, AI)];
    await queryClient.invalidateQueries();
    await waitFor(() => { expect(isPicked("AI & Machine Learning")).toBe(true); });
    expect(isPicked("Rust")).toBe(false);
    expect(screen.getByText("No unsaved changes")).toBeInTheDocument();
  });

  it("refreshes what the activity suggests: a picked tag is suggested no more", async () => {
    api.tags = [inferred(21, RUST, 0.5, 2)];
    const { user } = await renderLoadedPage();
    await user.click(button("Rust"));
    await user.click(saveButton());
    await screen.findByText("Your changes are saved.");
    expect(section("From your activity")).not.toHaveTextContent("Rust");
  });
});

describe("leaving the page", () => {
  it("warns while there are unsaved changes, and only then", async () => {
    const { user, unmount } = await renderLoadedPage();
    expect(leavingWarns()).toBe(false);
    await user.click(button("Rust"));
    expect(leavingWarns()).toBe(true);
    await user.click(saveButton());
    await screen.findByText("Your changes are saved.");
    expect(leavingWarns()).toBe(false);
    await user.click(button("Rust"));
    expect(leavingWarns()).toBe(true);
    unmount();
    expect(leavingWarns()).toBe(false);
  });
});
