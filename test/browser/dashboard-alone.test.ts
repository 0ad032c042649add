import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { alone, type Alone } from "../stand-ins/alone.ts";
import { dashboard, type Dashboard } from "../stand-ins/dashboard/dashboard.ts";
import type { Fault } from "../stand-ins/direct.ts";
import { fileChromium } from "./file-chromium.ts";

/** The stand-in has to be as strict as the real one: what breaks the one breaks the other (ui-traffic/README.md). */
const browser = fileChromium();

const SCALE = 0.1;

const scene = async (authorization = "Bearer amys", version: 2 | 7 = 7): Promise<Alone<Dashboard>> =>
  await alone(
    browser(),
    (accounts) => {
      const ui = dashboard({ accounts, scale: SCALE, version });
      ui.pods.add("first");
      return ui;
    },
    authorization,
  );

const row = (page: Page, name: string): ReturnType<Page["locator"]> =>
  page.locator("#rows li", { hasText: name });
const asked = (ui: Dashboard, path: string): number =>
  ui.seen.filter(({ target }) => target.split("?")[0] === path).length;
const PODS = "/api/v1/pod/demo";

test("signed in it lists, polls, creates, saves and opens a terminal", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  await page.goto(`${direct.origin}/`);
  await page.locator("#user", { hasText: "amy" }).waitFor();
  await page.getByRole("link", { name: "Pods" }).click();
  await row(page, "first").waitFor();
  ui.pods.add("second");
  await row(page, "second").waitFor();
  await page.locator("#create").click();
  await page.locator("#created", { hasText: "201" }).waitFor();
  await page.locator("#save").click();
  await page.locator("#saved", { hasText: "204" }).waitFor();
  expect(ui.changes.map((change) => change.split(" ", 2).join(" "))).toEqual([
    "POST /api/v1/appdeploymentfromfile",
    "PUT /api/v1/_raw/configmap/namespace/demo/name/edit-me",
  ]);
  await page.locator("#open-shell").click();
  await page.locator("#terminal", { hasText: "$ amy said hello" }).waitFor();
  await expect.poll(() => asked(ui, "/api/v1/me"), { timeout: 10_000 }).toBeGreaterThan(1);
});

test.each([
  ["a scheme in lower case", "bearer amys"],
  ["nothing", ""],
  ["a token that is rejected", "Bearer nobodys"],
])("the login page opens for %s", async (_name, authorization) => {
  await using scenery = await scene(authorization);
  await scenery.page.goto(`${scenery.direct.origin}/`);
  await scenery.page.locator("#login").waitFor();
});

describe("/me", () => {
  test.each<readonly [string, Fault]>([
    ["502", { status: 502 }],
    ["503", { status: 503 }],
    ["401", { status: 401 }],
    ["no answer", "drop"],
  ])("that fails with %s at the start opens the login page until a reload", async (_name, fault) => {
    await using scenery = await scene();
    const { page, direct } = scenery;
    direct.fault = ({ url }) => (url === "/api/v1/me" ? fault : undefined);
    await page.goto(`${direct.origin}/`);
    await page.locator("#login").waitFor();
    direct.fault = undefined;
    await page.reload();
    await page.locator("#main").waitFor();
  });

  test("that is late does no harm", async () => {
    await using scenery = await scene();
    scenery.direct.fault = ({ url }) => (url === "/api/v1/me" ? { later: 8000 * SCALE } : undefined);
    await scenery.page.goto(`${scenery.direct.origin}/`);
    await row(scenery.page, "first").waitFor();
  });

  test("that fails once later is never asked again, and nothing else changes", async () => {
    await using scenery = await scene();
    const { page, direct, ui } = scenery;
    await page.goto(`${direct.origin}/#/pod`);
    await row(page, "first").waitFor();
    direct.fault = ({ url }) => (url === "/api/v1/me" ? { status: 502 } : undefined);
    await expect.poll(async () => await page.evaluate("app.meEnded"), { timeout: 10_000 }).toBe(true);
    direct.fault = undefined;
    const [me, lists] = [asked(ui, "/api/v1/me"), asked(ui, PODS)];
    await expect.poll(() => asked(ui, PODS), { timeout: 10_000 }).toBeGreaterThan(lists + 3);
    expect(asked(ui, "/api/v1/me")).toBe(me);
    await page.locator("#main").waitFor();
  });
});

test.each<readonly [string, Fault, "error" | "login"]>([
  ["502", { status: 502 }, "error"],
  ["503", { status: 503 }, "error"],
  ["504", { status: 504 }, "error"],
  ["401 with JSON", { status: 401, type: "application/json", body: "{}" }, "error"],
  ["401 as plain text", { status: 401 }, "login"],
])("a list that fails with %s ends the page", async (_name, fault, view) => {
  await using scenery = await scene();
  const { page, direct } = scenery;
  await page.goto(`${direct.origin}/#/pod`);
  await row(page, "first").waitFor();
  direct.fault = ({ url }) => (url?.startsWith(PODS) === true ? fault : undefined);
  await page.locator(`#${view}`).waitFor();
  direct.fault = undefined;
  await page.reload();
  await page.locator(view === "error" ? "#error" : "#main").waitFor();
});

test("a list that gets no answer is never asked for again, without a sign", async () => {
  await using scenery = await scene();
  const { page, direct, ui } = scenery;
  await page.goto(`${direct.origin}/#/pod`);
  await row(page, "first").waitFor();
  direct.fault = ({ url }) => (url?.startsWith(PODS) === true ? "drop" : undefined);
  await expect.poll(async () => await page.evaluate("app.dead"), { timeout: 10_000 }).toBe(1);
  direct.fault = undefined;
  ui.pods.add("second");
  const [lists, namespaces] = [asked(ui, PODS), asked(ui, "/api/v1/namespace")];
  await expect
    .poll(() => asked(ui, "/api/v1/namespace"), { timeout: 10_000 })
    .toBeGreaterThan(namespaces + 2);
  expect(asked(ui, PODS)).toBe(lists);
  expect(await row(page, "second").count()).toBe(0);
  expect(await page.locator("#main").isVisible()).toBe(true);
});

test("a token cookie is sent as the header, and is gone after a refusal", async () => {
  await using scenery = await scene("");
  const { page, direct, accounts } = scenery;
  await page.context().addCookies([{ name: "token", value: "bens", url: direct.origin }]);
  await page.goto(`${direct.origin}/#/pod`);
  await page.locator("#user", { hasText: "ben" }).waitFor();
  accounts.revoke("bens");
  await page.locator("#login").waitFor();
  expect(await page.evaluate("document.cookie")).toBe("");
});

test("a POST without its CSRF token is refused with 401, whoever asks", async () => {
  await using scenery = await scene();
  const { direct, ui } = scenery;
  const answer = await fetch(`${direct.origin}/api/v1/appdeploymentfromfile`, { method: "POST", body: "{}" });
  expect(answer.status).toBe(401);
  expect(await answer.text()).toContain("MSG_CSRF_VALIDATION_ERROR");
  expect(ui.changes).toEqual([]);
});

test("a terminal is bound once, by an id that was given", async () => {
  await using scenery = await scene();
  const { page, direct } = scenery;
  await page.goto(`${direct.origin}/#/pod`);
  await page.locator("#main").waitFor();
  const said = await page.evaluate<string>(`new Promise((resolve) => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/api/sockjs/1/a/websocket");
    socket.onmessage = ({ data }) => data === "o"
      ? socket.send(JSON.stringify([JSON.stringify({ Op: "bind", SessionID: "guessed" })]))
      : resolve(data);
  })`);
  expect(said).toBe('c[3000,"Go away!"]');
});

describe("version 2.7", () => {
  test("a header of any kind opens it", async () => {
    await using scenery = await scene("Bearer amys", 2);
    await scenery.page.goto(`${scenery.direct.origin}/#/pod`);
    await row(scenery.page, "first").waitFor();
  });

  test("nothing opens the login page", async () => {
    await using scenery = await scene("", 2);
    await scenery.page.goto(`${scenery.direct.origin}/#/pod`);
    await scenery.page.locator("#login").waitFor();
  });

  test("a token that is rejected is a 200 with the error inside, and the list is empty", async () => {
    await using scenery = await scene("Bearer amys", 2);
    const { page, direct, accounts } = scenery;
    await page.goto(`${direct.origin}/#/pod`);
    await row(page, "first").waitFor();
    accounts.revoke("amys");
    await page.locator("#errors li", { hasText: "Unauthorized" }).waitFor();
    expect(await row(page, "first").count()).toBe(0);
    const answer = await fetch(`${direct.origin}/api/v1/secret/demo`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ secrets: [], errors: [{ ErrStatus: { code: 401 } }] });
  });

  test("a scheme in lower case is a header, but reads nothing", async () => {
    await using scenery = await scene("bearer amys", 2);
    const { direct } = scenery;
    const status = await fetch(`${direct.origin}/api/v1/login/status`);
    expect(await status.json()).toMatchObject({ headerPresent: true });
    expect((await fetch(`${direct.origin}/api/v1/secret/demo`)).status).toBe(401);
  });
});
