import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** An installed Chrome or Chromium: `CHROME_PATH`, else the first on PATH. */
export async function findChromium(): Promise<string | undefined> {
  const own = process.env["CHROME_PATH"];
  if (own !== undefined && own !== "") return own;
  for (const name of NAMES)
    for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
      const path = join(directory, name);
      const found = await access(path).then(
        () => true,
        () => false,
      );
      if (found) return path;
    }
  return undefined;
}

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
