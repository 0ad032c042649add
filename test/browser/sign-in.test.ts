import { afterEach, beforeEach, expect, test } from "vitest";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import { startOpen } from "../program.ts";
import { fileChromium } from "./file-chromium.ts";

const browser = fileChromium();
let plugin: Answering;
beforeEach(async () => {
  plugin = await answeringPlugin();
});
afterEach(async () => {
  await plugin[Symbol.asyncDispose]();
});

test("a sign-in that ended is taken up again by a button on kauth's own page", async () => {
  const first = await plugin.answer("alice");
  await using ui = await startOpen(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  const page = await (await browser().newContext()).newPage();
  await page.goto(ui.link);
  await page.locator("#user", { hasText: "alice" }).waitFor();
  await plugin.fail();
  plugin.demo.cluster.people.revoke(first);
  // The app's page itself needs no token; what asks for one fails, and then so does every page.
  await page.evaluate("fetch('/api/me').then(() => undefined)");
  await page.reload();
  await page.getByRole("heading", { name: "Sign in again" }).waitFor();
  const runs = await plugin.runs();
  await page.getByRole("link", { name: "Go to kauth" }).click();
  // It is another site for the browser, so that it asks first.
  await page.getByRole("link", { name: "Continue to kauth" }).click();
  await page.getByRole("heading", { name: "Sign in again" }).waitFor();
  expect(await plugin.runs()).toBe(runs);
  await plugin.answer("alice");
  await page.getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("heading", { name: "Signed in as alice" }).waitFor();
  expect(await plugin.runs()).toBe(runs + 1);
  const [again] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("button", { name: "Open" }).click(),
  ]);
  await again.locator("#user", { hasText: "alice" }).waitFor();
});

test("a page that waits for a pod says when the sign-in ends meanwhile, and goes on after it", async () => {
  const token = await plugin.answer("alice");
  await using ui = await startOpen(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  const context = await browser().newContext();
  const page = await context.newPage();
  await page.goto(ui.link);
  await page.locator("#user", { hasText: "alice" }).waitFor();
  for (const pod of ["ui-1", "ui-2"]) plugin.demo.setReady(pod, "ui", false);
  await page.reload();
  await page.getByRole("heading", { name: "No pod of the UI is ready" }).waitFor();
  // Not by a short life: on a busy machine it would be over before the page is there.
  await plugin.fail();
  plugin.demo.cluster.people.revoke(token);
  await page.getByRole("heading", { name: "Sign in again" }).waitFor({ timeout: 60_000 });
  await plugin.answer("alice");
  const start = await context.newPage();
  await start.goto(new URL(ui.link).origin);
  await start.getByRole("button", { name: "Sign in again" }).click();
  await start.getByRole("heading", { name: "Signed in as alice" }).waitFor();
  plugin.demo.setReady("ui-1", "ui", true);
  await page.locator("#user", { hasText: "alice" }).waitFor();
});

test("R-N6: no script of the app reaches a control, neither at its own origin nor at that of the start page", async () => {
  await plugin.answer("alice");
  await using ui = await startOpen(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  const start = new URL(ui.link).origin;
  expect(start).not.toBe(ui.origin.origin);
  const context = await browser().newContext();
  const page = await context.newPage();
  await page.goto(ui.link);
  await page.locator("#user", { hasText: "alice" }).waitFor();
  const runs = await plugin.runs();
  const tried = await page.evaluate<number[]>(`(async () => {
    const found = [];
    for (const url of ["/sign-in/c0", "/__kauth/sign-in/c0", ${JSON.stringify(start)} + "/sign-in/c0"])
      for (const how of [{ method: "POST" }, { method: "POST", mode: "no-cors", credentials: "include", body: "x" }, { credentials: "include" }])
        found.push(await fetch(url, how).then((answer) => answer.status, () => 0));
    const form = Object.assign(document.createElement("form"), { method: "POST", action: ${JSON.stringify(start)} + "/sign-in/c0", target: "_blank" });
    document.body.append(form);
    form.submit();
    const image = new Image();
    const loaded = new Promise((resolve) => { image.onload = image.onerror = resolve; });
    image.src = ${JSON.stringify(start)} + "/sign-in/c0";
    await loaded;
    return found;
  })()`);
  // At its own origin these are the app's paths, or nobody's.
  expect(tried.slice(3, 6)).toEqual([404, 404, 404]);
  expect(tried.slice(6)).toEqual([0, 0, 0]);
  const read = await page.evaluate(
    `fetch(${JSON.stringify(start)} + "/state", { credentials: "include" }).then((a) => a.text(), () => "")`,
  );
  expect(read).toBe("");
  expect(await plugin.runs()).toBe(runs);
});
