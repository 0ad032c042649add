import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { startChromium } from "../chromium.ts";

/** One Chromium for the tests of a file. What it returns is asked within a test or a hook, when the browser is there. */
export function fileChromium(args: readonly string[] = []): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startChromium(args);
  });
  afterAll(async () => {
    await browser?.close();
  });
  return () => {
    if (browser === undefined) throw new TypeError("no test runs yet");
    return browser;
  };
}
