import type { Browser, BrowserContext, Page } from "playwright-core";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { NAMESPACE, putPod, refreshSlices } from "../../src/demo/workloads.ts";
import type { MoreApi } from "../../src/demo/index.ts";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import { startOpen, type RunningOpen } from "../program.ts";
import { accountsOf } from "./accounts.ts";
import { runInPods, type Answers } from "./pods.ts";
import type { Accounts, Seen } from "./seen.ts";

/** A cluster in which stand-ins run, and a person whose plugin does what a test says. */
export interface Stage extends AsyncDisposable {
  readonly plugin: Answering;
  /** The token that the person has first. */
  readonly token: string;
  /** Another pod of the app, ready. */
  add(name: string): void;
  /** Deletes a pod with all that it has open. */
  remove(name: string): void;
  /** Its container ends: the pod stays, and is not ready. */
  crash(name: string): void;
  /** The same, and Kubernetes has not seen it yet. */
  die(name: string): void;
  /** Its container is started again. */
  recover(name: string): void;
  /** Ends with the stage. */
  open(args?: readonly string[]): Promise<RunningOpen>;
  /** A browser profile; ends with the stage. */
  context(browser: Browser): Promise<BrowserContext>;
}

const USER = "amy";

export interface Staged<Of extends Answers> {
  /** Service of the demo, and prefix of its pods. */
  readonly app: "ui" | "single";
  readonly image: string;
  /** What is opened. Default: the Service. */
  readonly target?: string;
  readonly answers: (accounts: Accounts) => Of;
  /** What the API server is asked beside, as on the direct leg. */
  readonly api?: (ui: Of) => MoreApi;
  /** Of the first token, milliseconds. Default: it does not end. */
  readonly life?: number;
}

export async function stage<Of extends Answers>(of: Staged<Of>): Promise<Stage & { readonly ui: Of }> {
  const owned: { close(): Promise<void> }[] = [];
  let plugin: Answering | undefined;
  const ui = of.answers(accountsOf(() => plugin?.demo));
  const pods = runInPods(() => ui);
  plugin = await answeringPlugin({ pods, ...(of.api === undefined ? {} : { more: of.api(ui) }) });
  const { store } = plugin.demo.cluster;
  const edit = (change: () => void): void => {
    change();
    refreshSlices(store);
  };
  const restarts = new Map<string, number>();
  const put = (name: string, ready = true): void =>
    edit(() => putPod(store, { name, app: of.app, image: of.image, ready }, restarts.get(name)));
  const remove = (name: string): void => {
    edit(() => store.delete("pods", NAMESPACE, name));
    pods.stop(name);
  };
  put(`${of.app}-1`);
  remove(`${of.app}-2`);
  const token = await plugin.answer(USER, of.life);
  const { demo } = plugin;
  return {
    ui,
    plugin,
    token,
    add: put,
    remove,
    crash: (name) => {
      put(name, false);
      pods.stop(name);
    },
    die: (name) => pods.stop(name),
    recover: (name) => {
      restarts.set(name, (restarts.get(name) ?? 0) + 1);
      pods.start(name);
      put(name);
    },
    open: async (args = []) => {
      const words = [of.target ?? `svc/${of.app}`, "--kubeconfig", demo.kubeconfig, ...args];
      const open = await startOpen(words);
      owned.push({ close: async () => await open[Symbol.asyncDispose]() });
      return open;
    },
    context: async (browser) => {
      const context = await browser.newContext();
      owned.push(context);
      return context;
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of owned.reverse()) await each.close();
      await plugin[Symbol.asyncDispose]();
    },
  };
}

/** Follows a link of kauth's to the app itself. */
export async function launched(context: BrowserContext, open: RunningOpen): Promise<Page> {
  const page = await context.newPage();
  await page.goto(open.link);
  await page.locator("#main").waitFor();
  return page;
}

/** The closing sentence of ui-traffic/README.md, as far as a back end sees it. */
export function expectCleanTraffic(seen: readonly Seen[], user = USER): void {
  const unclean = seen.filter(
    (entry) =>
      entry.authorizations !== 1 || entry.owner !== user || entry.cookies.length > 0 || entry.foreign,
  );
  expect(unclean).toEqual([]);
  expect(seen.length).toBeGreaterThan(0);
}

/** Every view that a tab has shown, through reloads: never one of a login or an error. */
export async function expectNoBadView(page: Page): Promise<void> {
  const views = await page.evaluate<string>("sessionStorage.getItem('views') ?? ''");
  expect(views.split(" ").filter((view) => view !== "main")).toEqual([]);
}

/** Waits for it. Unlike `expect.poll` it is good in tests that run at once. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  wanted: NoInfer<T>,
  limit = 10_000,
): Promise<void> {
  const end = performance.now() + limit;
  let found = await read();
  while (!isDeepStrictEqual(found, wanted) && performance.now() < end) {
    await setTimeout(25);
    found = await read();
  }
  expect(found).toEqual(wanted);
}

/** For a machine that is busy. */
const SLACK = 2_000;

/** The list on the page is what it should be, at most 10 s of the page's time from now. */
export async function expectFresh(page: Page, names: () => readonly string[], scale: number): Promise<void> {
  const wrong = async (): Promise<string> => {
    const rows = await page
      .locator("#rows li")
      .allTextContents()
      .catch((): string[] => []);
    const wanted = names();
    const faults = [
      ...wanted.filter((name) => !rows.includes(name)).map((name) => `no ${name}`),
      ...rows.filter((name) => !wanted.includes(name)).map((name) => `still ${name}`),
    ];
    if (faults.length === 0) return "";
    const text = await page.locator("body").innerText({ timeout: 1_000 }).catch(String);
    return `${faults.join(", ")} at ${page.url()}: ${text.replaceAll(/\s+/g, " ")}`;
  };
  await eventually(wrong, "", 10_000 * scale + SLACK);
}
