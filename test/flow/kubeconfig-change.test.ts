import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { ask } from "../http.ts";
import { open } from "../opened.ts";
import { newHome } from "../program.ts";

test("D.5: a changed kubeconfig is told and not followed, and the start page says it", async () => {
  await using demo = await testDemo();
  await using home = await newHome();
  const kubeconfig = join(home.path, "kubeconfig");
  const text = await readFile(demo.kubeconfig, "utf8");
  await writeFile(kubeconfig, text, { mode: 0o600 });
  await using ui = await open(["svc/ui", "--kubeconfig", kubeconfig, "--read-only"]);
  const before = await ui.json("/api/me");

  const link = new URL(ui.link);
  const own = { origin: link.origin, "sec-fetch-site": "same-origin" };
  const made = await ask(link, {
    method: "POST",
    path: "/__kauth/session",
    headers: own,
    body: link.hash.slice(1),
  });
  const cookie = made.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const page = async (): Promise<string> => (await ask(link, { headers: { ...own, cookie } })).text;
  expect(await page()).not.toContain("kubeconfig has changed");
  expect((await page()).toLowerCase()).toContain("read-only");

  const other = text.replaceAll(demo.cluster.server, "https://other.test:1");
  expect(other).not.toBe(text);
  await writeFile(kubeconfig, other);
  const event = await ui.event("kubeconfig");
  expect(event["changes"]).toEqual([expect.stringMatching(/^cluster ".*": other server$/)]);
  expect(JSON.stringify(event)).not.toContain("other.test");
  expect(await page()).toContain("kubeconfig has changed");
  expect(await ui.json("/api/me")).toEqual(before);

  await writeFile(kubeconfig, text);
  expect(await ui.event("kubeconfig")).toMatchObject({ changes: [] });
  expect(await page()).not.toContain("kubeconfig has changed");
});
