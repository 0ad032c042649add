import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { serveDirectly } from "../stand-ins/direct.ts";
import type { Headlamp } from "../stand-ins/headlamp/headlamp.ts";
import { NAMESPACE, putObject } from "../stand-ins/headlamp/resources.ts";
import { headlampStage } from "../stand-ins/headlamp/stage.ts";
import {
  eventually,
  expectCleanTraffic,
  expectFresh,
  expectNoBadView,
  launched,
  type Stage,
} from "../stand-ins/opened.ts";
import { fileChromium } from "./file-chromium.ts";
import { namesOf, openLog, toDeployments, workWithPod } from "./headlamp-page.ts";

const browser = fileChromium();

/** Half of the real page's times. */
const SCALE = 0.5;

type Cookies = readonly { readonly name: string; readonly value: string }[];

const opened = async (
  staged: Stage,
  cookies: Cookies = [],
  before: () => Promise<unknown> = async () => undefined,
): Promise<Page> => {
  // Where the pod gets the token; headlamp-direct.test.ts has the way that is chosen by itself.
  const open = await staged.open(["--leg", "pod"]);
  await before();
  const context = await staged.context(browser());
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, url: open.origin.href })));
  const page = await launched(context, open);
  await page.locator("#user", { hasText: "amy" }).waitFor();
  return page;
};

/** What somebody else does to the cluster meanwhile. */
const change = (ui: Headlamp, name: string): void => {
  putObject(ui.store, "deployments", name);
  ui.store.delete("deployments", NAMESPACE, "first");
  putObject(ui.store, "deployments", "first");
};

const judge = async (page: Page, ui: Headlamp): Promise<void> => {
  await expectNoBadView(page);
  expectCleanTraffic(ui.seen);
  expect(await page.evaluate("app.doubled")).toBe(0);
  expect(await page.evaluate("app.errors")).toBe(0);
};

/** Seconds of the page's time: how long an outage lasts. */
const pass = async (page: Page, seconds: number): Promise<void> =>
  await page.waitForTimeout(seconds * 1000 * SCALE);

describe.concurrent("Headlamp through kauth open", () => {
  test("lists, follows, edits, and opens a log and a terminal", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    change(ui, "second");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await workWithPod(page);
    expect(ui.edits).toBe(1);
    expect(await page.evaluate("app.broken")).toBe(0);
    await judge(page, ui);
  });

  test("its pod is deleted while another is ready", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    await openLog(page);
    staged.add("ui-next");
    staged.remove("ui-1");
    change(ui, "meanwhile");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    // What cannot be taken up again ends with a reason.
    await page.locator("#log", { hasText: /closed 1012 ./ }).waitFor();
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    expect(ui.seen.at(-1)?.pod).toBe("ui-next");
    await judge(page, ui);
  });

  test("its container ends, which Kubernetes sees 2 s later", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    staged.die("ui-1");
    change(ui, "meanwhile");
    await page.waitForTimeout(2_000);
    staged.crash("ui-1");
    await pass(page, 4);
    staged.recover("ui-1");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await judge(page, ui);
  });

  test.each([
    [4, "between two polls"],
    [30, "over many polls"],
  ])("no pod is ready for %i s, %s", async (seconds) => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    const other = await page.context().newPage();
    await other.goto(new URL("/c/main/deployments", page.url()).href);
    await expectFresh(other, namesOf(ui, "deployments"), SCALE);
    staged.crash("ui-1");
    change(ui, "meanwhile");
    // One tab is loaded again while nothing answers, and goes on by itself.
    const loaded = other.reload({ waitUntil: "commit" });
    await pass(page, seconds);
    staged.recover("ui-1");
    await Promise.all([
      expectFresh(page, namesOf(ui, "deployments"), SCALE),
      expectFresh(other, namesOf(ui, "deployments"), SCALE),
    ]);
    await loaded;
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await expectFresh(other, namesOf(ui, "deployments"), SCALE);
    await judge(page, ui);
    await judge(other, ui);
  });

  test("three tabs are open while no pod is ready for 30 s, and each is clicked in", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    const others = [await page.context().newPage(), await page.context().newPage()];
    const tabs = [page, ...others];
    for (const tab of others) await tab.goto(new URL("/c/main/pods", page.url()).href);
    for (const tab of tabs) await expectFresh(tab, namesOf(ui, "pods"), SCALE);
    staged.crash("ui-1");
    change(ui, "meanwhile");
    await pass(page, 5);
    for (const tab of tabs) await tab.getByRole("link", { name: "Deployments" }).click();
    await pass(page, 25);
    staged.recover("ui-1");
    await Promise.all(tabs.map(async (tab) => await expectFresh(tab, namesOf(ui, "deployments"), SCALE)));
    change(ui, "afterwards");
    for (const tab of tabs) await expectFresh(tab, namesOf(ui, "deployments"), SCALE);
    for (const tab of tabs) await judge(tab, ui);
  });

  test("a click while no pod is ready is answered once one is", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    staged.crash("ui-1");
    await page.getByRole("link", { name: "Pods" }).click();
    await pass(page, 10);
    await page.getByRole("link", { name: "Deployments" }).click();
    change(ui, "meanwhile");
    await pass(page, 10);
    staged.recover("ui-1");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await judge(page, ui);
  });

  test("what happened while no pod was ready is forgotten, so that no watch can go on", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    staged.crash("ui-1");
    change(ui, "meanwhile");
    ui.store.compact();
    await pass(page, 4);
    staged.recover("ui-1");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await eventually(() => ui.watches.size > 1, true);
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    // Once is enough (security.md R-N16).
    expect(await page.evaluate("sessionStorage.getItem('loads')")).toBe("2");
    await judge(page, ui);
  });

  test("its token ends in use", async () => {
    await using staged = await headlampStage({ scale: SCALE, life: 8_000 });
    const { ui, plugin, token } = staged;
    const page = await opened(staged, [], async () => await plugin.answer("amy"));
    await toDeployments(page, ui, SCALE);
    await eventually(() => plugin.demo.cluster.people.byToken(token, Date.now()), undefined);
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await page.reload();
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    expect(await plugin.runs()).toBe(2);
    await judge(page, ui);
  });

  test.each([
    ["401", false],
    ["502 where the page posts", true],
  ])("its token is revoked, which shows as %s, and the plugin has a good one", async (_name, is502) => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui, plugin, token } = staged;
    ui.rejectedPostIs502 = is502;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    await page.reload();
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    change(ui, "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await page.locator("#user", { hasText: "amy" }).waitFor();
    expect(await plugin.runs()).toBe(2);
    await judge(page, ui);
  });

  test("somebody's cookie is left over", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui, plugin, token } = staged;
    const bens = await plugin.answer("ben");
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    const page = await opened(staged, [{ name: "headlamp-auth-main.0", value: bens }]);
    await toDeployments(page, ui, SCALE);
    plugin.demo.cluster.people.revoke(bens);
    await page.reload();
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await judge(page, ui);
  });

  test("a page of another origin gets nowhere, though the app would let it (U5, U6)", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    const target = new URL(page.url());
    await using elsewhere = await serveDirectly(ui, "");
    const foreign = await page.context().newPage();
    for (const name of ["127.0.0.1", "evil.localhost"]) {
      await foreign.goto(elsewhere.origin.replace("127.0.0.1", name));
      const got = await foreign.evaluate<readonly string[]>(`(async () => {
        const origin = ${JSON.stringify(target.origin)};
        const exec = await new Promise((resolve) => {
          const socket = new WebSocket(
            origin.replace("http", "ws") + "/clusters/main/api/v1/namespaces/demo/pods/shell/exec?command=foreign",
            ["v4.channel.k8s.io"]);
          socket.onmessage = () => resolve("opened");
          socket.onerror = () => resolve("refused");
        });
        const posted = await fetch(origin + "/clusters/main/api/v1/namespaces/demo/configmaps?foreign", {
          method: "POST", mode: "no-cors", credentials: "include", body: "{}" }).then(() => "sent", () => "failed");
        return [exec, posted];
      })()`);
      expect(got[0]).toBe("refused");
    }
    expect(ui.seen.filter(({ target, pod }) => pod !== "direct" && target.includes("foreign"))).toEqual([]);
    await judge(page, { ...ui, seen: ui.seen.filter(({ pod }) => pod !== "direct") });
  });
});
