import { createServer } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { newHome, startOpen } from "../program.ts";
import { fileChromium } from "./file-chromium.ts";

/**
 * security.md R-N1: kauth is killed, another program takes its port and plants a service worker at its origin, kauth
 * comes back. The worker keeps what it sees and tells it whoever asks.
 */
const WORKER = `
const seen = [];
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  seen.push(event.request.url);
  event.respondWith(new Response("<p id=owned>" + seen.join(" ") + "</p>", { headers: { "Content-Type": "text/html" } }));
});
`;

const browser = fileChromium();
let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
});

const plant = async (page: Page, origin: URL): Promise<void> => {
  const server = createServer((request, response) => {
    const script = request.url === "/worker.js";
    response.writeHead(200, { "Content-Type": script ? "text/javascript" : "text/html" });
    response.end(script ? WORKER : "<!doctype html><title>planted</title>");
  });
  await new Promise<void>((resolve) => {
    server.listen(Number(origin.port), "127.0.0.1", resolve);
  });
  await page.goto(origin.href);
  await page.evaluate(
    `navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready).then(() => undefined)`,
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};

test("a worker that was planted after a crash learns no launch token and answers for no page", async () => {
  await using home = await newHome();
  const context = await browser().newContext();
  const page = await context.newPage();
  const first = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig], { home: home.path });
  await page.goto(first.link);
  await page.locator("#user", { hasText: demo.user }).waitFor();
  await first.stop("SIGKILL");
  await plant(page, first.origin);

  const address = `127.0.0.1:${first.origin.port}`;
  await using next = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--address", address], {
    home: home.path,
  });
  expect(next.origin.hostname).not.toBe(first.origin.hostname);
  await page.goto(next.link);
  await page.locator("#user", { hasText: demo.user }).waitFor();
  expect(await page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")).toBe(0);
  // The worker is alive at the old name, so this test would have seen it; and it has not seen the token.
  await page.goto(`${first.origin.origin}/canary`);
  const told = (await page.textContent("#owned")) ?? "";
  expect(told).toContain("/canary");
  expect(told).not.toContain(new URL(next.link).hash.slice(1));
  await context.close();
});
