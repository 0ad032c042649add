import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { dashboard } from "../stand-ins/dashboard/dashboard.ts";
import { putObject } from "../stand-ins/headlamp/resources.ts";
import { headlampStage } from "../stand-ins/headlamp/stage.ts";
import {
  expectCleanTraffic,
  expectFresh,
  expectNoBadView,
  launched,
  stage,
  type Stage,
} from "../stand-ins/opened.ts";
import { fileChromium } from "./file-chromium.ts";
import { namesOf, openLog, toDeployments } from "./headlamp-page.ts";

const browser = fileChromium();

/** Half of the real page's times. */
const SCALE = 0.5;

const opened = async (staged: Stage, leg = "pod"): Promise<Page> => {
  const open = await staged.open(["--read-only", "--leg", leg]);
  const page = await launched(await staged.context(browser()), open);
  await page.locator("#user", { hasText: /./ }).waitFor();
  return page;
};

const statusOf = async (page: Page, path: string, method = "GET"): Promise<number> =>
  await page.evaluate<number>(
    `fetch(${JSON.stringify(path)}, { method: ${JSON.stringify(method)} }).then(({ status }) => status)`,
  );

test.each(["pod", "direct"])("D.5: Headlamp with --read-only and --leg %s only looks", async (leg) => {
  await using staged = await headlampStage({ scale: SCALE });
  const { ui, api } = staged;
  const names = namesOf(ui, "deployments");
  const page = await opened(staged, leg);
  await toDeployments(page, ui, SCALE);
  putObject(ui.store, "deployments", "second");
  await expectFresh(page, names, SCALE);
  await openLog(page);

  await page.locator("#edit").click();
  await page.locator("#edited", { hasText: "403" }).waitFor();
  const refused = page.waitForEvent("console", { predicate: (said) => said.text().includes("/exec?") });
  await page.locator("#open-exec").click();
  await refused;
  expect(await page.locator("#terminal").textContent()).toBe("");
  expect(ui.edits).toBe(0);
  const asked = [...ui.seen, ...api.asked];
  expect(asked.filter(({ method, target }) => method === "PATCH" || target.includes("/exec"))).toEqual([]);
  await expectNoBadView(page);
  if (leg === "pod") expectCleanTraffic(ui.seen);
});

test("D.5: Dashboard with --read-only loads and polls; it creates, saves and runs nothing", async () => {
  await using staged = await stage({
    app: "ui",
    image: "docker.io/kubernetesui/dashboard-web:1.7.0",
    target: "svc/ui:443",
    answers: (accounts) => dashboard({ accounts, scale: SCALE, version: 7 }),
  });
  const { ui } = staged;
  ui.pods.add("first");
  const page = await opened(staged);
  await page.getByRole("link", { name: "Pods" }).click();
  await expectFresh(page, () => [...ui.pods], SCALE);
  ui.pods.add("second");
  await expectFresh(page, () => [...ui.pods], SCALE);

  await page.locator("#create").click();
  await page.locator("#created", { hasText: "403" }).waitFor();
  await page.locator("#save").click();
  await page.locator("#saved", { hasText: "403" }).waitFor();
  expect(await statusOf(page, "/api/v1/pod/demo/shell/shell/shell")).toBe(403);
  expect(await statusOf(page, "/api/sockjs/info?a&t=1")).toBe(403);
  expect(await statusOf(page, "/api/v1/_raw/pod/namespace/demo/name/first", "DELETE")).toBe(403);
  expect(ui.changes).toEqual([]);
  expect(ui.seen.filter(({ method, target }) => method !== "GET" || /shell|sockjs/.test(target))).toEqual([]);
  await expectNoBadView(page);
  expectCleanTraffic(ui.seen);
  expect(await page.evaluate("app.dead")).toBe(0);
});
