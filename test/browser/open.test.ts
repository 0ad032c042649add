import { afterAll, beforeAll, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { startOpen } from "../program.ts";
import { fileChromium } from "./file-chromium.ts";

const browser = fileChromium();
let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
});

test("the browser follows the link once and is signed in, with WebSocket and events", async () => {
  await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  const context = await browser().newContext();
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(ui.link);
  await page.locator("#user", { hasText: demo.user }).waitFor();
  await page.locator("#ws", { hasText: `open, as ${demo.user}` }).waitFor();
  await page.locator("#sse", { hasText: "arrived" }).waitFor();
  expect(await page.textContent("#auth")).toBe("1");
  expect(page.url()).toBe(ui.origin.href);
  expect(faults).toEqual([]);
  const cookies = await context.cookies(ui.origin.href);
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({
    name: expect.stringMatching(/^__Host-kauth/) as unknown,
    httpOnly: true,
    secure: true,
    sameSite: "Strict",
    path: "/",
    domain: ui.origin.hostname,
  });
  // Scripts of the app see neither the cookie nor the token.
  expect(await page.evaluate("document.cookie")).toBe("");
  await page.reload();
  await page.locator("#user", { hasText: demo.user }).waitFor();
  await context.close();
});

test("a link that is followed twice signs nobody in, and signs out who followed it first", async () => {
  await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  const [first, second] = await Promise.all([browser().newContext(), browser().newContext()]);
  const mine = await first.newPage();
  await mine.goto(ui.link);
  await mine.locator("#user", { hasText: demo.user }).waitFor();
  const theirs = await second.newPage();
  await theirs.goto(ui.link);
  await theirs.getByText("This link has been used or is too old").waitFor();
  await theirs.goto(ui.origin.href);
  await theirs.getByRole("heading", { name: /signed/i }).waitFor();
  expect(await theirs.locator("#user").count()).toBe(0);
  await mine.reload();
  await mine.getByRole("heading", { name: /signed/i }).waitFor();
  expect(await mine.locator("#user").count()).toBe(0);
  await first.close();
  await second.close();
});

test("a page that is open stays signed in while its pod is replaced", async () => {
  await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  const page = await browser().newPage();
  await page.goto(ui.link);
  await page.locator("#user", { hasText: demo.user }).waitFor();
  const before = (await page.textContent("#pod")) ?? "";
  demo.addPod("ui-next", "ui");
  demo.deletePod(before);
  await page.reload();
  await page.locator("#user", { hasText: demo.user }).waitFor();
  expect(await page.textContent("#pod")).not.toBe(before);
  await page.close();
});
