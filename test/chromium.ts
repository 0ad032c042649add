import { chromium, type Browser } from "playwright-core";
import { findChromium } from "./find-program.ts";

/** A browser that talks to nobody but the pages it is given. */
export async function startChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = await findChromium();
  if (executablePath === undefined)
    throw new Error("no Chrome or Chromium was found: install one, or name it with CHROME_PATH");
  return await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}
