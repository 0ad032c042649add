import { beforeAll, expect, test } from "vitest";
import { startChromium } from "../test/chromium.ts";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

test("the browser follows the link once and is signed in as alice, with WebSocket and events", async () => {
  await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("exec")]);
  await using browser = await startChromium();
  const page = await browser.newPage();
  await page.goto(ui.link);
  // Locators, because the app's Content-Security-Policy forbids what waitForFunction evaluates.
  await page.locator("#user", { hasText: /^alice$/ }).waitFor();
  await page.locator("#ws", { hasText: "echo: hello" }).waitFor();
  await page.locator("#sse", { hasText: /./ }).waitFor();
  expect(page.url()).toBe(ui.origin.href);
  expect((await page.textContent("#error")) ?? "").toBe("");
  // A second person with the same link gets nothing, and nobody stays signed in by it.
  const other = await (await browser.newContext()).newPage();
  await other.goto(ui.link);
  await other.locator("body", { hasText: /.{20}/ }).waitFor();
  expect(await other.locator("#user").count()).toBe(0);
});
