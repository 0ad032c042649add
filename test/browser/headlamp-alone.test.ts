import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { alone, type Alone } from "../stand-ins/alone.ts";
import type { Fault } from "../stand-ins/direct.ts";
import { headlamp, type Headlamp } from "../stand-ins/headlamp/headlamp.ts";
import { putObject } from "../stand-ins/headlamp/resources.ts";
import { fileChromium } from "./file-chromium.ts";
import { workWithPod } from "./headlamp-page.ts";
import { serveDirectly } from "../stand-ins/direct.ts";

/** The stand-in has to be as strict as the real one: what breaks the one breaks the other (ui-traffic/README.md). */
const browser = fileChromium();

const SCALE = 0.2;

const scene = async (authorization = "Bearer amys"): Promise<Alone<Headlamp>> =>
  await alone(
    browser(),
    (accounts) => {
      const ui = headlamp({ accounts, scale: SCALE });
      putObject(ui.store, "pods", "first");
      return ui;
    },
    authorization,
  );

const RULES = "/selfsubjectrulesreviews";
const row = (page: Page, name: string): ReturnType<Page["locator"]> =>
  page.locator("#rows li", { hasText: name });
const counted = async (page: Page, name: string): Promise<number> => await page.evaluate(`app.${name}`);

test("signed in it lists, follows, edits, and opens a log and a terminal", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  await page.goto(`${direct.origin}/`);
  await page.locator("#user", { hasText: "amy" }).waitFor();
  await row(page, "first").waitFor();
  putObject(ui.store, "pods", "second");
  await row(page, "second").waitFor();
  // Each change closes the watch and opens the next.
  putObject(ui.store, "pods", "third");
  await row(page, "third").waitFor();
  ui.store.delete("pods", "demo", "first");
  await row(page, "first").waitFor({ state: "detached" });
  expect(await counted(page, "broken")).toBe(0);
  expect(await counted(page, "doubled")).toBe(0);
  const watches = ui.seen.filter(({ target }) => target.includes("/pods?watch=1"));
  expect(watches.length).toBeGreaterThanOrEqual(4);
  await workWithPod(page);
  expect(ui.edits).toBe(1);
});

describe("the signed-in test", () => {
  test.each<readonly [string, Fault, "token" | "error" | "main"]>([
    ["401", { status: 401 }, "token"],
    ["403", { status: 403 }, "token"],
    ["503", { status: 503 }, "token"],
    ["500", { status: 500 }, "token"],
    ["200 with HTML", { status: 200, type: "text/html", body: "<p>hello" }, "token"],
    ["408", { status: 408 }, "error"],
    ["502", { status: 502 }, "error"],
    ["504", { status: 504 }, "error"],
    ["no answer", "drop", "error"],
    ["6 s late", { later: 6000 * SCALE }, "error"],
    ["3 s late", { later: 3000 * SCALE }, "main"],
  ])("answered with %j", async (_name, fault, view) => {
    await using scenery = await scene();
    const { page, direct } = scenery;
    direct.fault = ({ url }) => (url?.endsWith(RULES) === true ? fault : undefined);
    await page.goto(`${direct.origin}/c/main/pods`);
    await page.locator(`#${view}`).waitFor();
    direct.fault = undefined;
    if (view === "main") return;
    if (view === "error") {
      await page.locator("#again").click();
      await page.locator("#main").waitFor();
      expect(new URL(page.url()).pathname).toBe("/c/main/pods");
      return;
    }
    // The address keeps it there.
    await page.reload();
    await page.locator("#token").waitFor();
    expect(new URL(page.url()).pathname).toBe("/c/main/token");
  });
});

test.each([
  ["a scheme in lower case", "bearer amys"],
  ["a comma", "Bearer amys, Bearer bens"],
  ["nothing", ""],
  ["a token that is rejected", "Bearer nobodys"],
])("the token page opens for %s", async (_name, authorization) => {
  await using scenery = await scene(authorization);
  await scenery.page.goto(`${scenery.direct.origin}/c/main/pods`);
  await scenery.page.locator("#token").waitFor();
});

test("somebody's cookie wins over the header, and keeps the page out once its token is revoked", async () => {
  await using scenery = await scene();
  const { page, direct, accounts } = scenery;
  await page.context().addCookies([{ name: "headlamp-auth-main.0", value: "bens", url: direct.origin }]);
  await page.goto(`${direct.origin}/c/main/pods`);
  await page.locator("#user", { hasText: "ben" }).waitFor();
  accounts.revoke("bens");
  await page.reload();
  await page.locator("#token").waitFor();
});

test("a watch that is cut is never opened again, and its list stays as it is", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  await page.goto(`${direct.origin}/c/main/pods`);
  await row(page, "first").waitFor();
  await expect.poll(() => ui.watches.size).toBe(2);
  direct.cut();
  await expect.poll(async () => await counted(page, "broken")).toBe(2);
  putObject(ui.store, "pods", "second");
  const polls = (): number => ui.seen.filter(({ target }) => target === "/clusters/main/healthz").length;
  const before = polls();
  await expect.poll(polls, { timeout: 10_000 }).toBeGreaterThan(before + 2);
  expect(await row(page, "second").count()).toBe(0);
  await page.reload();
  await row(page, "second").waitFor();
});

test("a watch that is too old ends with 410, and the page does nothing about it", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  let lists = 0;
  direct.fault = ({ url }) => {
    if (url !== "/clusters/main/api/v1/pods?limit=1000") return undefined;
    lists += 1;
    return {
      status: 200,
      type: "application/json",
      body: JSON.stringify({ metadata: { resourceVersion: "1" }, items: [] }),
    };
  };
  ui.store.compact();
  await page.goto(`${direct.origin}/c/main/pods`);
  await expect.poll(async () => await counted(page, "errors")).toBe(1);
  await expect.poll(async () => await counted(page, "broken")).toBe(1);
  expect(lists).toBe(1);
  expect(await row(page, "first").count()).toBe(0);
});

test.each([
  ["the health poll", "/clusters/main/healthz", true],
  ["/config", "/config", false],
])("X-Reload on %s", async (_name, path, reloads) => {
  await using scenery = await scene();
  const { page, direct } = scenery;
  await page.goto(`${direct.origin}/c/main/pods`);
  await row(page, "first").waitFor();
  let given = 0;
  direct.fault = ({ url }) => {
    if (url !== path || given > 0) return undefined;
    given += 1;
    return { header: ["X-Reload", "reload"] };
  };
  const loads = async (): Promise<string> =>
    await page.evaluate<string>("sessionStorage.getItem('loads')").catch(() => "");
  await expect.poll(() => given, { timeout: 10_000 }).toBe(1);
  if (reloads) await expect.poll(loads).toBe("2");
  else {
    await page.locator("#main").waitFor();
    expect(await loads()).toBe("1");
  }
});

test("a rejected token can look like 502, and then the page stops with an error (U17)", async () => {
  await using scenery = await scene("Bearer nobodys");
  scenery.ui.rejectedPostIs502 = true;
  await scenery.page.goto(`${scenery.direct.origin}/c/main/pods`);
  await scenery.page.locator("#error").waitFor();
});

test("a page of another origin opens a terminal: only a proxy can refuse it (U6)", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  await using other = await serveDirectly(ui, "");
  await page.goto(`${other.origin}/nothing`);
  const said = await page.evaluate<string>(`new Promise((resolve, reject) => {
    const socket = new WebSocket(
      ${JSON.stringify(direct.origin.replace("http", "ws"))} + "/clusters/main/api/v1/namespaces/demo/pods/shell/exec?command=sh",
      ["v4.channel.k8s.io"]);
    socket.onmessage = ({ data }) => data.text().then(resolve);
    socket.onerror = reject;
  })`);
  expect(said).toContain("$");
  expect(ui.seen.filter(({ upgrade, foreign }) => upgrade && foreign)).toHaveLength(1);
});
