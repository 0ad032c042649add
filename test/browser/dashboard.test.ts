import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { dashboard, type Dashboard } from "../stand-ins/dashboard/dashboard.ts";
import { putObject } from "../stand-ins/headlamp/resources.ts";
import { headlampStage } from "../stand-ins/headlamp/stage.ts";
import {
  eventually,
  expectCleanTraffic,
  expectFresh,
  expectNoBadView,
  launched,
  stage,
  type Stage,
} from "../stand-ins/opened.ts";
import { fileChromium } from "./file-chromium.ts";

const browser = fileChromium();

/** Half of the real page's times. */
const SCALE = 0.5;

type DashboardStage = Stage & { readonly ui: Dashboard };

const dashboardStage = async (version: 2 | 7 = 7, life?: number): Promise<DashboardStage> => {
  const staged = await stage({
    app: "ui",
    image: version === 7 ? "docker.io/kubernetesui/dashboard-web:1.7.0" : "kubernetesui/dashboard:v2.7.0",
    // HTTPS, with a certificate that nobody knows.
    target: "svc/ui:443",
    answers: (accounts) => dashboard({ accounts, scale: SCALE, version }),
    ...(life === undefined ? {} : { life }),
  });
  staged.ui.pods.add("first");
  return staged;
};

type Cookies = readonly { readonly name: string; readonly value: string }[];

const opened = async (
  staged: DashboardStage,
  cookies: Cookies = [],
  before: () => Promise<unknown> = async () => undefined,
): Promise<Page> => {
  const open = await staged.open();
  await before();
  const context = await staged.context(browser());
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, url: open.origin.href })));
  const page = await launched(context, open);
  await page.locator("#user", { hasText: /./ }).waitFor();
  await page.getByRole("link", { name: "Pods" }).click();
  await expectFresh(page, () => [...staged.ui.pods], SCALE);
  return page;
};

const judge = async (page: Page, ui: Dashboard): Promise<void> => {
  await expectNoBadView(page);
  expectCleanTraffic(ui.seen);
  expect(await page.evaluate("app.dead")).toBe(0);
};

/** Seconds of the page's time: how long an outage lasts. */
const pass = async (page: Page, seconds: number): Promise<void> =>
  await page.waitForTimeout(seconds * 1000 * SCALE);

const mePolls = (ui: Dashboard): number => ui.seen.filter(({ target }) => target === "/api/v1/me").length;

describe.concurrent("Dashboard 7 through kauth open", () => {
  test("lists, polls, creates, saves and opens a terminal", async () => {
    await using staged = await dashboardStage();
    const { ui } = staged;
    const page = await opened(staged);
    ui.pods.add("second");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await page.locator("#create").click();
    await page.locator("#created", { hasText: "201" }).waitFor();
    await page.locator("#save").click();
    await page.locator("#saved", { hasText: "204" }).waitFor();
    expect(ui.changes).toHaveLength(2);
    await page.locator("#open-shell").click();
    await page.locator("#terminal", { hasText: "$ amy said hello" }).waitFor();
    await judge(page, ui);
  });

  test("its pod is deleted while another is ready, with another certificate", async () => {
    await using staged = await dashboardStage();
    const { ui } = staged;
    const page = await opened(staged);
    await page.locator("#open-shell").click();
    await page.locator("#terminal", { hasText: "$ amy said hello" }).waitFor();
    staged.add("ui-next");
    staged.remove("ui-1");
    ui.pods.add("meanwhile");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await page.locator("#terminal", { hasText: /closed 1012 ./ }).waitFor();
    expect(ui.seen.at(-1)?.pod).toBe("ui-next");
    await judge(page, ui);
  });

  test("its container ends, which Kubernetes sees 2 s later", async () => {
    await using staged = await dashboardStage();
    const { ui } = staged;
    const page = await opened(staged);
    staged.die("ui-1");
    ui.pods.add("meanwhile");
    await page.waitForRequest(/\/api\/v1\/pod\//);
    await page.waitForTimeout(2_000);
    staged.crash("ui-1");
    await pass(page, 4);
    staged.recover("ui-1");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await judge(page, ui);
  });

  test.each([
    [4, "between two polls"],
    [30, "over many polls"],
  ])("no pod is ready for %i s, %s", async (seconds) => {
    await using staged = await dashboardStage();
    const { ui } = staged;
    const page = await opened(staged);
    const other = await page.context().newPage();
    await other.goto(new URL("/#/pod", page.url()).href);
    await expectFresh(other, () => [...ui.pods], SCALE);
    staged.crash("ui-1");
    ui.pods.add("meanwhile");
    // One tab is loaded again while nothing answers, and goes on by itself.
    const loaded = other.reload({ waitUntil: "commit" });
    await pass(page, seconds);
    staged.recover("ui-1");
    await Promise.all([
      expectFresh(page, () => [...ui.pods], SCALE),
      expectFresh(other, () => [...ui.pods], SCALE),
    ]);
    await loaded;
    ui.pods.add("afterwards");
    await expectFresh(page, () => [...ui.pods], SCALE);
    // It would end with its first failure.
    const polls = mePolls(ui);
    await eventually(() => mePolls(ui) > polls, true, 60_000 * SCALE);
    expect(await page.evaluate("app.meEnded")).toBe(false);
    await judge(page, ui);
    await judge(other, ui);
  });

  test("no pod is ready for 30 s while its overview asks for eight lists", async () => {
    await using staged = await dashboardStage();
    const { ui } = staged;
    const page = await opened(staged);
    await page.getByRole("link", { name: "Workloads" }).click();
    await expectFresh(page, () => [...ui.pods], SCALE);
    staged.crash("ui-1");
    ui.pods.add("meanwhile");
    await pass(page, 30);
    staged.recover("ui-1");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await judge(page, ui);
  });

  test("its token ends in use", async () => {
    await using staged = await dashboardStage(7, 8_000);
    const { ui, plugin, token } = staged;
    const page = await opened(staged, [], async () => await plugin.answer("amy"));
    await eventually(() => plugin.demo.cluster.people.byToken(token, Date.now()), undefined);
    ui.pods.add("afterwards");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await page.reload();
    await expectFresh(page, () => [...ui.pods], SCALE);
    expect(await plugin.runs()).toBe(2);
    await judge(page, ui);
  });

  test("its token is revoked, and the plugin has a good one", async () => {
    await using staged = await dashboardStage();
    const { ui, plugin, token } = staged;
    const page = await opened(staged);
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    // Eight lists at once.
    await page.getByRole("link", { name: "Workloads" }).click();
    ui.pods.add("afterwards");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await page.locator("#create").click();
    await page.locator("#created", { hasText: "201" }).waitFor();
    expect(await plugin.runs()).toBe(2);
    await judge(page, ui);
  });

  test("somebody's token cookie is left over", async () => {
    await using staged = await dashboardStage();
    const { ui, plugin, token } = staged;
    const bens = await plugin.answer("ben");
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    const page = await opened(staged, [{ name: "token", value: bens }]);
    await page.locator("#user", { hasText: "amy" }).waitFor();
    plugin.demo.cluster.people.revoke(bens);
    await page.reload();
    await page.locator("#user", { hasText: "amy" }).waitFor();
    expect(await page.evaluate("document.cookie")).toBe("");
    await judge(page, ui);
  });

  test("a POST without its CSRF token runs no plugin", async () => {
    await using staged = await dashboardStage();
    const { ui, plugin } = staged;
    const page = await opened(staged);
    const answer = await page.evaluate<string>(
      `fetch("/api/v1/appdeploymentfromfile", { method: "POST", body: "{}" }).then(async (answer) => answer.status + " " + await answer.text())`,
    );
    expect(answer).toMatch(/^401 .*MSG_CSRF_VALIDATION_ERROR/);
    expect(await plugin.runs()).toBe(1);
    expect(ui.changes).toEqual([]);
    await judge(page, ui);
  });
});

describe.concurrent("Dashboard 2.7 through kauth open", () => {
  test("its token is revoked, and the plugin has a good one", async () => {
    await using staged = await dashboardStage(2);
    const { ui, plugin, token } = staged;
    const page = await opened(staged);
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    ui.pods.add("afterwards");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await page.getByRole("link", { name: "Workloads" }).click();
    await expectFresh(page, () => [...ui.pods], SCALE);
    expect(await plugin.runs()).toBe(2);
    await judge(page, ui);
  });

  test("no pod is ready for 15 s", async () => {
    await using staged = await dashboardStage(2);
    const { ui } = staged;
    const page = await opened(staged);
    staged.crash("ui-1");
    ui.pods.add("meanwhile");
    await pass(page, 15);
    staged.recover("ui-1");
    await expectFresh(page, () => [...ui.pods], SCALE);
    await judge(page, ui);
  });
});

test("Headlamp as ben and Dashboard as amy at once, in one browser", async () => {
  await using first = await dashboardStage();
  await using second = await headlampStage({ app: "single", scale: SCALE });
  const bens = await second.plugin.answer("ben");
  const [one, two] = await Promise.all([first.open(), second.open(["--leg", "pod"])]);
  const context = await first.context(browser());
  // Each app's cookie on the other's port: ports share a jar, names do not.
  await context.addCookies([
    { name: "headlamp-auth-main.0", value: bens, url: one.origin.href },
    { name: "token", value: first.token, url: two.origin.href },
  ]);
  const [dashboardPage, headlampPage] = await Promise.all([launched(context, one), launched(context, two)]);
  await dashboardPage.locator("#user", { hasText: "amy" }).waitFor();
  await headlampPage.locator("#user", { hasText: "ben" }).waitFor();
  await dashboardPage.getByRole("link", { name: "Pods" }).click();
  for (const [each, name] of [
    [first, "ui-1"],
    [second, "single-1"],
  ] as const)
    each.crash(name);
  first.ui.pods.add("meanwhile");
  putObject(second.ui.store, "pods", "meanwhile");
  await pass(dashboardPage, 10);
  first.recover("ui-1");
  second.recover("single-1");
  const shown = (): string[] => ["meanwhile", "shell"];
  await Promise.all([
    expectFresh(dashboardPage, () => [...first.ui.pods], SCALE),
    expectFresh(headlampPage, shown, SCALE),
  ]);
  await expectNoBadView(dashboardPage);
  await expectNoBadView(headlampPage);
  expectCleanTraffic(first.ui.seen, "amy");
  expectCleanTraffic(second.ui.seen, "ben");
});
