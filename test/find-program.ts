import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The first of these programs that is on PATH. */
export const findProgram = async (...names: readonly string[]): Promise<string | undefined> => {
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
  process.env["CHROME_PATH"] ||
  (await findProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"));

/** An installed Firefox; `FIREFOX_PATH` names another one. */
export const findFirefox = async (): Promise<string | undefined> =>
  process.env["FIREFOX_PATH"] || (await findProgram("firefox-esr", "firefox"));
