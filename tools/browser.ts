import { findChromium, findFirefox } from "../test/find-program.ts";
import { aptInstall } from "./apt.ts";

/** Gets Firefox where that can be done; what is tried in it is tried in Chromium too. */
export async function wantFirefox(): Promise<void> {
  if ((await findFirefox()) === undefined) aptInstall("firefox-esr");
}

/** Gets a browser where none is installed. False, and the reason on stderr, where there is none to be had. */
export async function haveBrowser(): Promise<boolean> {
  if ((await findChromium()) !== undefined) return true;
  if (aptInstall("chromium") && (await findChromium()) !== undefined) return true;
  process.stderr.write(
    "The browser tests need Chrome or Chromium. Install one, or name it with CHROME_PATH, then try again\n",
  );
  return false;
}
