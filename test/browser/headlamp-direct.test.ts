import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { certificateUser, writeKubeconfig } from "../kubeconfigs.ts";
import type { Asked } from "../stand-ins/headlamp/api.ts";
import { NAMESPACE, putObject } from "../stand-ins/headlamp/resources.ts";
import { headlampStage, type HeadlampStage } from "../stand-ins/headlamp/stage.ts";
import { expectFresh, expectNoBadView, launched, type Stage } from "../stand-ins/opened.ts";
import { fileChromium } from "./file-chromium.ts";
import { namesOf, openLog, toDeployments, workWithPod } from "./headlamp-page.ts";

const browser = fileChromium();

/** Half of the real page's times. */
const SCALE = 0.5;

/** How the person signs in; each is amy to the cluster. */
const WAYS = {
  "a bearer token": () => Promise.resolve([]),
  "a client certificate": async ({ plugin: { demo, directory } }: Stage) => {
    const user = certificateUser(demo, "amy");
    return ["--kubeconfig", await writeKubeconfig(demo, directory, "certificate", { user })];
  },
  impersonation: async ({ plugin }: Stage) => {
    await plugin.answer("ben");
    return ["--as", "amy"];
  },
} as const satisfies Readonly<Record<string, (staged: Stage) => Promise<readonly string[]>>>;
type Way = keyof typeof WAYS;

const opened = async (
  staged: Stage,
  way: Way = "a bearer token",
  cookies: readonly { readonly name: string; readonly value: string }[] = [],
): Promise<Page> => {
  const open = await staged.open(await WAYS[way](staged));
  expect(open.ready["credential"]).toMatch(/^nothing: .* goes to the API server only$/);
  const context = await staged.context(browser());
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, url: open.origin.href })));
  const page = await launched(context, open);
  await page.locator("#user", { hasText: "amy" }).waitFor();
  return page;
};

/** Nothing of the person was in the pod, and all that the API server saw was theirs and kauth's. */
const judge = async (
  page: Page,
  { ui, api }: HeadlampStage,
  { way = "a bearer token", revoked = false }: { readonly way?: Way; readonly revoked?: boolean } = {},
): Promise<void> => {
  await expectNoBadView(page);
  expect(await page.evaluate("app.doubled")).toBe(0);
  expect(ui.seen.length).toBeGreaterThan(2);
  const inPod = ui.seen.filter(
    ({ authorizations, cookies, headers, target }) =>
      authorizations > 0 ||
      cookies.length > 0 ||
      headers.some((name) => name.startsWith("impersonate-")) ||
      target.includes("/clusters/"),
  );
  expect(inPod).toEqual([]);
  expect(api.asked.length).toBeGreaterThan(3);
  const wanted: Partial<Asked> = {
    authorizations: way === "a client certificate" ? 0 : 1,
    impersonated: way === "impersonation" ? "amy" : undefined,
    userAgent: expect.stringMatching(/^kauth\//) as string,
  };
  // A token that has just been revoked is nobody's; what it asked was asked again.
  const whose = revoked ? [undefined, "amy"] : ["amy"];
  for (const each of api.asked) {
    expect(each).toMatchObject({ ...wanted, user: expect.toBeOneOf(whose) as string | undefined });
    expect(each.headers).not.toContain("cookie");
    expect(each.headers).not.toContain("referer");
    expect(each.protocols).not.toMatch(/authorization|headlamp/);
  }
};

describe.concurrent("D.2: Headlamp over the direct leg, which it gets by itself", () => {
  test.each(Object.keys(WAYS) as Way[])(
    "with %s it lists, follows, edits, and opens a log and a terminal",
    async (way) => {
      await using staged = await headlampStage({ scale: SCALE });
      const { ui, api } = staged;
      const page = await opened(staged, way);
      await toDeployments(page, ui, SCALE);
      putObject(ui.store, "deployments", "second");
      ui.store.delete("deployments", NAMESPACE, "first");
      await expectFresh(page, namesOf(ui, "deployments"), SCALE);
      await workWithPod(page);
      expect(ui.edits).toBe(1);
      expect(await page.evaluate("app.broken")).toBe(0);
      expect(
        api.asked.some(({ upgrade, origin }) => upgrade && origin?.startsWith("https://127") === true),
      ).toBe(true);
      await judge(page, staged, { way });
      const audit = staged.plugin.demo.cluster.audit.filter(({ name }) => name === "edit-me");
      process.stdout.write(`${way}: ${JSON.stringify(audit.at(-1) ?? {})}\n`);
    },
  );

  test("somebody's cookie is left over", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui, plugin } = staged;
    const bens = await plugin.answer("ben");
    await plugin.answer("amy");
    const page = await opened(staged, "a bearer token", [{ name: "headlamp-auth-main.0", value: bens }]);
    await toDeployments(page, ui, SCALE);
    plugin.demo.cluster.people.revoke(bens);
    await page.reload();
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await judge(page, staged);
  });

  test("its token is revoked, and the plugin has a good one", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui, plugin, token } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    await plugin.answer("amy");
    plugin.demo.cluster.people.revoke(token);
    await page.reload();
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    putObject(ui.store, "deployments", "afterwards");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    await page.locator("#user", { hasText: "amy" }).waitFor();
    expect(await plugin.runs()).toBe(2);
    await judge(page, staged, { revoked: true });
  });

  test("its pod is gone, and the open list stays live", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    staged.remove("ui-1");
    for (const name of ["one", "two", "three"]) {
      putObject(ui.store, "deployments", name);
      await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    }
    await openLog(page);
    await page.getByRole("link", { name: "Pods" }).click();
    await toDeployments(page, ui, SCALE);
    expect(await page.evaluate("app.broken")).toBe(0);
    await judge(page, staged);
  });

  test("the API server's connections are cut, and the list goes on", async () => {
    await using staged = await headlampStage({ scale: SCALE });
    const { ui, plugin } = staged;
    const page = await opened(staged);
    await toDeployments(page, ui, SCALE);
    plugin.demo.cluster.dropConnections();
    putObject(ui.store, "deployments", "meanwhile");
    await expectFresh(page, namesOf(ui, "deployments"), SCALE);
    expect(await page.evaluate("sessionStorage.getItem('loads')")).toBe("1");
    await judge(page, staged);
  });
});
