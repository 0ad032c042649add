import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The path that an environment variable names, else the first of these programs on PATH. */
const find = async (variable: string, names: readonly string[]): Promise<string | undefined> => {
  const own = process.env[variable];
  if (own !== undefined && own !== "") return own;
  for (const name of names)
    for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
      const path = join(directory, name);
      const found = await access(path).then(
        () => true,
        () => false,
      );
      if (found) return path;
    }
  return undefined;
};

/** An installed Chrome or Chromium; `CHROME_PATH` names another one. */
export const findChromium = async (): Promise<string | undefined> =>
  await find("CHROME_PATH", [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
  ]);

/** An installed Firefox; `FIREFOX_PATH` names another one. */
export const findFirefox = async (): Promise<string | undefined> =>
  await find("FIREFOX_PATH", ["firefox-esr", "firefox"]);
