import axe from "axe-core";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ClusterView, StartView, TargetView } from "../../src/proxy/index.ts";
import { startedPage, type StartedPage } from "../proxy/start-origin.ts";
import { fileChromium } from "./file-chromium.ts";

/** kauth's own page in a browser, behind the real gate. */

const browser = fileChromium();

let start: StartedPage;
let context: BrowserContext;
let page: Page;
beforeEach(async () => {
  [start, context] = await Promise.all([startedPage("real"), browser().newContext()]);
  page = await context.newPage();
  await page.goto(start.launch());
  await page.getByRole("heading", { name: "Your clusters" }).waitFor();
});
afterEach(async () => {
  await context.close();
  await start[Symbol.asyncDispose]();
});

const withCluster = (view: StartView, id: string, more: Partial<ClusterView>): StartView => ({
  ...view,
  clusters: view.clusters.map((one) => (one.id === id ? { ...one, ...more } : one)),
});
const withTarget = (view: StartView, id: string, more: Partial<TargetView>): StartView => ({
  ...view,
  targets: view.targets.map((one) => (one.id === id ? { ...one, ...more } : one)),
});
const section = (name: string): Locator => page.getByRole("region", { name });
const open = async (within: Page | Locator = section("context-c0")): Promise<Page> => {
  const [tab] = await Promise.all([
    context.waitForEvent("page"),
    within.getByRole("button", { name: "Open" }).first().click(),
  ]);
  return tab;
};

describe("a target", () => {
  test("opens in a tab of its own, signed in, which gets no hold of this page and keeps no link", async () => {
    const tab = await open();
    await tab.locator("#who").waitFor();
    expect(tab.url()).toBe(`${start.targetOrigin}/`);
    expect(await tab.evaluate("[opener, document.referrer, history.length]")).toEqual([null, "", 1]);
    expect(new URL(page.url()).pathname).toBe("/");
    expect(start.calls).toEqual(["go t0"]);
  });

  test("opens again and again, each time with a fresh link", async () => {
    for (const _again of [1, 2]) {
      const tab = await open();
      await tab.locator("#who").waitFor();
      await tab.close();
    }
    expect(start.calls).toEqual(["go t0", "go t0"]);
  });

  test("a link is on the page only when it is asked for, is good once, and goes when a newer one is made", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: start.origin });
    expect(await page.content()).not.toContain("/__kauth/launch#");
    await section("context-c0").getByRole("button", { name: "Copy a fresh link" }).click();
    const field = section("context-c0").getByRole("textbox");
    await field.waitFor();
    const link = await field.inputValue();
    expect(link).toMatch(/^http:\/\/ui-[^/]+\/__kauth\/launch#[\w-]{43}$/);
    await expect.poll(async () => await page.evaluate("navigator.clipboard.readText()")).toBe(link);
    await expect
      .poll(async () => await page.locator("#news").textContent())
      .toMatch(/^Copied\. This link works once/);
    // What the page learns meanwhile leaves it where it is.
    start.view = withTarget(start.view, "t0", { health: "moving to another pod", tone: "waiting" });
    await section("context-c0").getByText("moving to another pod").waitFor();
    expect(await field.inputValue()).toBe(link);
    const other = await browser().newContext();
    const tab = await other.newPage();
    await tab.goto(link);
    await tab.locator("#who").waitFor();
    await other.close();
    await open();
    await field.waitFor({ state: "detached" });
  });
});

describe("it is live", () => {
  test("what changes is told where it stands, without a reload, and to screen readers", async () => {
    const button = section("context-c0").getByRole("button", { name: "Open" });
    await button.focus();
    await page.evaluate("void (globalThis.kept = document.activeElement)");
    start.view = withCluster(
      withTarget(start.view, "t0", { health: "not reachable now", tone: "trouble", readOnly: true }),
      "c1",
      { signIn: "failed", reason: "The credential plugin failed.", production: true },
    );
    await section("context-c0").getByText("not reachable now").waitFor();
    await section("context-c1").getByText("The credential plugin failed.").waitFor();
    await section("context-c0").getByText("read-only").waitFor();
    expect(await page.title()).toBe("● prod · Sign in again · kauth");
    expect(await page.evaluate("document.activeElement === kept && kept.isConnected")).toBe(true);
    const news = page.locator("#news");
    expect(await news.getAttribute("aria-live")).toBe("polite");
    expect(await news.textContent()).toBe(
      "svc/ui in apps: not reachable now; context-c1: Your sign-in has ended and could not be renewed.",
    );
  });

  test("the time that is left changes without a word", async () => {
    start.view = withCluster(start.view, "c0", { ends: "in 59 s (15:04:05)" });
    await section("context-c0").getByText("in 59 s").waitFor();
    expect(await page.locator("#news").textContent()).toBe("");
  });

  test("what comes and goes leaves the rest alone", async () => {
    const last = section("context-c2").getByRole("button", { name: "Sign in again" });
    await last.focus();
    await page.evaluate("void (globalThis.kept = document.activeElement)");
    const [first, , third] = start.view.clusters;
    if (first === undefined || third === undefined) throw new Error("there are three");
    start.view = {
      clusters: [{ ...first, id: "c7", context: "new-one" }, first, third],
      targets: [
        { ...start.view.targets[0]!, id: "t7", cluster: "c7", title: "svc/new in apps" },
        ...start.view.targets,
      ],
    };
    await section("new-one").getByText("svc/new in apps").waitFor();
    await expect.poll(async () => await section("context-c1").count()).toBe(0);
    expect(await page.evaluate("document.activeElement === kept")).toBe(true);
    start.view = { clusters: [first], targets: start.view.targets };
    await page.getByRole("heading", { name: "Signed in as alice" }).waitFor();
  });

  test("when nobody answers it says so, and when somebody does again it no longer does", async () => {
    const gone = page.getByText("kauth does not answer.");
    await page.route("**/state", async (route) => await route.abort());
    await gone.waitFor();
    await page.unroute("**/state");
    await gone.waitFor({ state: "hidden" });
  });

  test("when its session is over it says that", async () => {
    await context.clearCookies();
    await page.getByRole("heading", { name: "This browser is not signed in to kauth" }).waitFor();
  });
});

describe("signing in again", () => {
  test("by keyboard, for one cluster, and whoever pressed the button stays there", async () => {
    start.view = withCluster(start.view, "c1", { signIn: "failed" });
    await section("context-c1").getByText("could not be renewed").waitFor();
    const button = section("context-c1").getByRole("button", { name: "Sign in again" });
    await button.focus();
    await page.evaluate("void (globalThis.kept = document.activeElement)");
    await page.keyboard.press("Enter");
    await expect.poll(() => start.calls).toEqual(["sign-in c1"]);
    start.view = withCluster(start.view, "c1", { signIn: "running" });
    await section("context-c1").getByText("Look for a window of your provider").waitFor();
    await page.keyboard.press("Enter");
    start.view = withCluster(start.view, "c1", { signIn: "well" });
    await section("context-c1").getByText("Signed in as alice").waitFor();
    expect(await page.evaluate("document.activeElement === kept && kept.isConnected")).toBe(true);
    expect(start.calls).toEqual(["sign-in c1"]);
  });

  test("without scripts, and nothing is offered that needs one", async () => {
    const state = await context.storageState();
    const still = await browser().newContext({ javaScriptEnabled: false, storageState: state });
    const plain = await still.newPage();
    await plain.goto(`${start.origin}/`);
    expect(await plain.locator("noscript meta, meta[http-equiv=refresh]").getAttribute("content")).toBe("15");
    const one = plain.getByRole("region", { name: "context-c0" });
    expect(await one.getByRole("button", { name: "Copy a fresh link" }).count()).toBe(0);
    await one.getByRole("button", { name: "Sign in again" }).click();
    await expect.poll(() => start.calls).toEqual(["sign-in c0"]);
    await plain.waitForURL(`${start.origin}/`);
    await one.getByText("Signed in as alice").waitFor();
    await still.close();
  });
});

test.each(["light", "dark"] as const)(
  "with a link shown and nobody answering it breaks no rule of axe: %s",
  async (colorScheme) => {
    const looked = await browser().newContext({ colorScheme, bypassCSP: true });
    const seen = await looked.newPage();
    await seen.goto(start.launch());
    await seen.getByRole("button", { name: "Copy a fresh link" }).first().click();
    await seen.getByRole("textbox").waitFor();
    await seen.route("**/state", async (route) => await route.abort());
    await seen.getByText("kauth does not answer.").waitFor();
    await seen.evaluate(axe.source);
    const found = await seen.evaluate<{ readonly violations: readonly { readonly id: string }[] }>(
      "axe.run()",
    );
    expect(found.violations.map(({ id }) => id)).toEqual([]);
    await looked.close();
  },
);

test("stopping asks once more, tells of the end, and the other page of it says that nobody answers", async () => {
  await page.getByRole("link", { name: "Stop kauth" }).click();
  await page.getByRole("heading", { name: "Stop kauth?" }).waitFor();
  await page.getByRole("link", { name: "Back" }).click();
  await page.getByRole("heading", { name: "Your clusters" }).waitFor();
  expect(start.calls).toEqual([]);
  await page.getByRole("link", { name: "Stop kauth" }).click();
  await page.getByRole("button", { name: "Stop kauth" }).click();
  await page.getByRole("heading", { name: "kauth has stopped" }).waitFor();
  await expect.poll(() => start.calls).toEqual(["stop"]);
});

test("hostile text is text, at first and when it comes later", async () => {
  const hostile = `<img src=x onerror="document.title='owned'">"' onfocus=alert(1) autofocus x='</script><script>document.title='owned'</script>`;
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  start.view = {
    clusters: start.view.clusters.map((one) => ({
      ...one,
      context: `${one.id} ${hostile}`,
      user: hostile,
      notice: hostile,
      color: hostile,
      ends: hostile,
    })),
    targets: start.view.targets.map((one) => ({ ...one, title: hostile, sends: hostile, health: hostile })),
  };
  for (const _again of ["later", "at first"]) {
    await page.getByRole("heading", { name: "c0 <img" }).waitFor();
    expect(await page.locator("img, #page script, [onfocus], [onerror]").count()).toBe(0);
    expect(await page.title()).toBe("kauth");
    await page.reload();
  }
  const tab = await open(page);
  await tab.locator("#who").waitFor();
  expect(dialogs).toBe(0);
});
