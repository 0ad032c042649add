import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bareStart, startedPage, type StartedPage } from "../proxy/start-origin.ts";
import { attack, startAttacker, TECHNIQUES, type Attacker } from "./attacker.ts";
import { fileChromium } from "./file-chromium.ts";

/** Pages that press the buttons of kauth's own page, in the browser of whoever has it open (security.md R-N6). */

const browser = fileChromium();
let attacker: Attacker;
let start: StartedPage;
let context: BrowserContext;
beforeAll(async () => {
  [attacker, start] = await Promise.all([startAttacker(), startedPage("real")]);
  context = await browser().newContext();
  const page = await context.newPage();
  await page.goto(start.launch());
  await page.getByRole("heading", { name: "Your clusters" }).waitFor();
  // The target's session too.
  const [app] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("button", { name: "Open" }).first().click(),
  ]);
  await app.locator("#who").waitFor();
});
afterAll(async () => {
  await attacker[Symbol.asyncDispose]();
  await start[Symbol.asyncDispose]();
});

const CONTROLS: Readonly<Record<string, string>> = {
  "/sign-in/c0": "sign-in c0",
  "/go/t0": "go t0",
  "/link/t0": "go t0",
  "/stop": "stop",
};

/** A form into a tab of its own, which no header keeps out of a frame. */
const formToNewTab = async (page: Page, action: string): Promise<void> => {
  const [opened] = await Promise.all([
    page.context().waitForEvent("page"),
    page.evaluate(
      `(() => {
        const form = Object.assign(document.createElement("form"), { method: "POST", action: ${JSON.stringify(action)}, target: "_blank" });
        document.body.append(form);
        form.submit();
      })()`,
    ),
  ]);
  await opened.waitForLoadState();
  await opened.close();
};

const all = async (page: Page, origin: string, path: string): Promise<string> => {
  let read = "";
  for (const technique of Object.keys(TECHNIQUES)) read += await attack(page, technique, origin, path);
  await formToNewTab(page, origin + path);
  return read;
};

const PAGES: Readonly<Record<string, () => string>> = {
  "the application's own origin": () => `${start.targetOrigin}/`,
  "another local port": () => `http://127.0.0.1:${attacker.port}/`,
  "another port of the page's own name": () => `http://${start.host}:${attacker.port}/`,
  "a file": () => attacker.file,
};

const rows = Object.keys(PAGES).flatMap((from) => Object.keys(CONTROLS).map((path) => [from, path] as const));

test.each(rows)("from %s nobody reaches %s", async (from, path) => {
  const page = await context.newPage();
  await page.goto(PAGES[from]?.() ?? "");
  await page.locator("p").first().waitFor();
  const before = start.calls.length;
  expect(await all(page, start.origin, path)).toBe("");
  expect(start.calls.slice(before)).toEqual([]);
  await page.close();
});

test.each(Object.entries(CONTROLS))("without the gate anybody reaches %s", async (path, call) => {
  await using bare = await bareStart();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${attacker.port}/`);
  await all(page, bare.origin, path);
  expect(bare.calls).toContain(call);
  await page.close();
});

test("at its own origin an application has no such path, and reads nothing of the page", async () => {
  const page = await context.newPage();
  await page.goto(`${start.targetOrigin}/`);
  const before = start.calls.length;
  const found = await page.evaluate<readonly number[]>(
    `Promise.all(${JSON.stringify(Object.keys(CONTROLS))}.map(async (path) => (await fetch("/__kauth" + path, { method: "POST" })).status))`,
  );
  expect(found).toEqual([404, 404, 404, 404]);
  for (const path of ["/", "/state", "/stop"])
    expect(await attack(page, "fetch that reads", start.origin, path)).toBe("");
  expect(start.calls.slice(before)).toEqual([]);
  await page.close();
});

test("a window that an application opens onto the page gives it no hold of it", async () => {
  const page = await context.newPage();
  await page.goto(`${start.targetOrigin}/`);
  const [opened] = await Promise.all([
    context.waitForEvent("page"),
    page.evaluate(`void (globalThis.held = open(${JSON.stringify(`${start.origin}/stop`)}))`),
  ]);
  // It is another site's link, so a person is asked first, and the question has no button that ends anything.
  await opened.getByRole("heading", { name: "Continue to kauth?" }).waitFor();
  await opened.getByRole("link", { name: "Continue to kauth" }).click();
  await opened.getByRole("heading", { name: "Stop kauth?" }).waitFor();
  expect(await page.evaluate("held.closed")).toBe(true);
  expect(start.calls).not.toContain("stop");
  await opened.close();
  await page.close();
});
