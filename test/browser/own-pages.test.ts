import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileChromium } from "./file-chromium.ts";
import { OWN_PAGES, serveOwnPages } from "./own-pages.ts";

const browser = fileChromium();
let served: Awaited<ReturnType<typeof serveOwnPages>>;
beforeAll(async () => {
  served = await serveOwnPages();
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
});

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
  test.each(Object.keys(OWN_PAGES))("%s breaks no rule of axe", async (name) => {
    const context = await browser().newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(`${served.origin}/${name}`);
    await page.evaluate(axe.source);
    const found = await page.evaluate<{ readonly violations: readonly Violation[] }>("axe.run()");
    expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    await context.close();
  });
});

test.each(Object.keys(OWN_PAGES))(
  "%s runs nothing that its policy forbids, and loads nothing",
  async (name) => {
    const page = await browser().newPage();
    const faults: string[] = [];
    const asked: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("Failed to load resource"))
        faults.push(message.text());
    });
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${served.origin}/${name}`);
    expect(faults).toEqual([]);
    expect(asked.filter((path) => path !== "/favicon.ico" && path !== "/state")).toEqual([`/${name}`]);
    await page.close();
  },
);

test.each(Object.keys(OWN_PAGES))("%s fits a narrow window", async (name) => {
  const context = await browser().newContext({ viewport: { width: 320, height: 600 } });
  const page = await context.newPage();
  await page.goto(`${served.origin}/${name}`);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
  await context.close();
});

test("the button is reached by keyboard, and says what it does", async () => {
  const page = await browser().newPage();
  await page.goto(`${served.origin}/start-failed`);
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Sign in again");
  await page.getByText("could not be renewed").waitFor();
  await page.close();
});

test("each button of the start page says by itself what it is for", async () => {
  const page = await browser().newPage();
  await page.goto(`${served.origin}/start-many`);
  const said = await page.evaluate<readonly string[]>(
    `[...document.querySelectorAll("button")].map((button) => button.textContent + " " + document.getElementById(button.getAttribute("aria-describedby")).textContent)`,
  );
  expect(new Set(said).size).toBe(said.length);
  expect(said).toContain("Sign in again to staging");
  expect(said).toContain("Open svc/headlamp in headlamp");
  await page.close();
});
