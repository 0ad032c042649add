import type { BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attack, REBIND, startAttacker, TECHNIQUES, type Attacker } from "./attacker.ts";
import { fileChromium } from "./file-chromium.ts";
import { bareVictim, guardedVictim, type Victim } from "./victim.ts";

const browser = fileChromium([`--host-resolver-rules=MAP ${REBIND} 127.0.0.1`]);

interface Stand {
  readonly victim: Victim;
  readonly attacker: Attacker;
  /** The victim's browser, signed in. */
  readonly context: BrowserContext;
}

const stand = async (start: () => Promise<Victim>): Promise<Stand> => {
  const [victim, attacker, context] = await Promise.all([start(), startAttacker(), browser().newContext()]);
  await victim.signIn(await context.newPage());
  return { victim, attacker, context };
};

/** Where an attacker's page can come from, and the origin that it takes the app to have. */
const PAGES: Readonly<Record<string, (of: Stand) => { readonly page: string; readonly origin: string }>> = {
  "another local port": ({ attacker, victim }) => ({
    page: `http://127.0.0.1:${attacker.port}/`,
    origin: victim.origin,
  }),
  "another name below localhost": ({ attacker, victim }) => ({
    page: `http://evil.localhost:${attacker.port}/`,
    origin: victim.origin,
  }),
  "the app's own name at another port": ({ attacker, victim }) => ({
    page: `http://${new URL(victim.origin).hostname}:${attacker.port}/`,
    origin: victim.origin,
  }),
  "a name that was rebound": ({ attacker, victim }) => ({
    page: `http://${REBIND}:${attacker.port}/`,
    origin: `http://${REBIND}:${victim.port}`,
  }),
  "a file": ({ attacker, victim }) => ({ page: attacker.file, origin: victim.origin }),
};

const rows = Object.keys(PAGES).flatMap((from) =>
  Object.keys(TECHNIQUES).map((technique) => [from, technique] as const),
);

describe.each([
  ["with the gate", guardedVictim, false],
  ["without the gate, so that the attacks are known to work", bareVictim, true],
] as const)("%s", (_name, start, succeeds) => {
  let of: Stand;
  beforeAll(async () => {
    of = await stand(start);
  });
  afterAll(async () => {
    await of.context.close();
    await of.attacker[Symbol.asyncDispose]();
    await of.victim[Symbol.asyncDispose]();
  });

  test.each(rows)("a page from %s, by %s", async (from, technique) => {
    const { page: address, origin } = PAGES[from]?.(of) ?? { page: "", origin: "" };
    const page = await of.context.newPage();
    await page.goto(address);
    await page.locator("#attacker").waitFor();
    const key = `${from} ${technique}`.replaceAll(/\W/g, "-");
    const read = await attack(
      page,
      technique,
      origin,
      `${technique === "events" ? "/events" : "/api"}?${key}`,
    );
    // A beacon is sent when the browser finds time.
    if (technique === "beacon") await page.waitForTimeout(300);
    const touched = of.victim.touched.filter(({ url }) => url.endsWith(key));
    await page.close();
    if (!succeeds) {
      expect(touched).toEqual([]);
      expect(read).not.toContain("secret");
      return;
    }
    expect(touched.length).toBeGreaterThan(0);
    if (technique === "WebSocket") expect(read).toBe("secret");
  });

  test("a rebound name as the page's own origin", async () => {
    const page = await of.context.newPage();
    await page.goto(`http://${REBIND}:${of.victim.port}/api?rebound`);
    const text = await page.content();
    await page.close();
    expect(text.includes("of the victim")).toBe(succeeds);
  });

  test("a service worker that the app itself plants", async () => {
    const page = await of.context.newPage();
    await page.goto(`${of.victim.origin}/`);
    await page.locator("#who").waitFor();
    await page.evaluate(
      `navigator.serviceWorker.register("/worker.js").then(({ installing, waiting, active }) => new Promise((resolve) => {
        const worker = installing ?? waiting ?? active;
        const look = () => { if (["activated", "redundant"].includes(worker.state)) setTimeout(resolve, 200); };
        worker.addEventListener("statechange", look);
        look();
      })).catch(() => undefined)`,
    );
    await page.goto(`${of.victim.origin}/`);
    const text = await page.content();
    await page.close();
    expect(text.includes("owned")).toBe(succeeds);
  });
});
