import { findChromium, findFirefox, findProgram } from "../test/find-program.ts";
import { aptInstall } from "./apt.ts";

/** What is tested with, by the package of Debian's that has it. */
const PROGRAMS = {
  chromium: findChromium,
  "firefox-esr": findFirefox,
  "dbus-daemon": () => findProgram("dbus-run-session"),
  "gnome-keyring": () => findProgram("gnome-keyring-daemon"),
  keyutils: () => findProgram("keyctl"),
} as const satisfies Readonly<Record<string, () => Promise<string | undefined>>>;

/** Gets what is missing, where that can be done. Without Firefox and keyrings the tests say so, and try nothing with them. */
export async function wantPrograms(): Promise<void> {
  const missing: string[] = [];
  for (const [name, find] of Object.entries(PROGRAMS)) if ((await find()) === undefined) missing.push(name);
  if (missing.length > 0) aptInstall(...missing);
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
