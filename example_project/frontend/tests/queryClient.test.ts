import { onlineManager } from "@tanstack/react-query";
import { afterEach, expect, it } from "vitest";

import { createQueryClient } from "../src/hooks/queryClient";
import { getManualTags, saveSelection } from "../src/services/personalization";
import { serveApi } from "./support/page";

const api = serveApi();
const PATH = "me/tags/manual/";

// The client decides how often it tries, the test how long it waits in between.
const load = () => createQueryClient().query({ queryKey: ["tags"], queryFn: () => getManualTags(), retryDelay: 0 });

afterEach(() => { onlineManager.setOnline(true); });

it("asks a failing server again, three times in all", async () => {
  api.answer("GET", PATH, { status: 503, body: {} }, 5);
  await expect(load()).rejects.toMatchObject({ status: 503 });
  expect(api.received("GET", PATH)).toHaveLength(3);
});

it("succeeds when the server recovers", async () => {
  api.answer("GET", PATH, { status: 503, body: {} }, 2);
  await expect(load()).resolves.toEqual([]);
});

it.each([400, 401, 403, 404, 429])("takes status %i for the answer that it is", async (status) => {
  api.answer("GET", PATH, { status, body: {} }, 5);
  await expect(load()).rejects.toMatchObject({ status });
  expect(api.received("GET", PATH)).toHaveLength(1);
});

it("tries although the browser believes that it is offline, and so fails or works instead of waiting", async () => {
  onlineManager.setOnline(false);
  await expect(load()).resolves.toEqual([]);
  const client = createQueryClient();
  const mutation = client.getMutationCache().build(client, { mutationFn: () => saveSelection([]) });
  await expect(mutation.execute(undefined)).resolves.toEqual([]);
});
