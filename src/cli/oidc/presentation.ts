import { KnownError } from "../../base/errors.ts";
import { quoted } from "../../base/quote.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { Presentation } from "../../oidc/index.ts";
import { openBrowser, whyNoBrowser } from "../open/browser.ts";
import { askHidden, askLine } from "../open/ask.ts";
import type { ExecInfo } from "./exec-info.ts";
import { qrCode } from "./qr-code.ts";
import type { SignInSettings } from "./sign-in-settings.ts";

/** A program that opens pages gets its error out within that; a browser that stays is let be. */
const BROWSER_FAILS_WITHIN = millis(2_000);

export interface PresentationWishes {
  /** What a person runs instead. */
  readonly loginCommand: string;
  readonly signing: SignInSettings;
  readonly info: ExecInfo;
}

/** Everything goes to standard error: standard output is the client's. */
export const terminalPresentation = (
  system: System,
  { loginCommand, signing, info }: PresentationWishes,
): Presentation => {
  const { log } = system;
  const showPage = (url: URL): void =>
    log.show(`Please visit the following URL in your browser: ${url.href}`);
  const askFault = (prompt: string): KnownError | undefined =>
    info.interactive === false
      ? new KnownError(
          "OIDC_NOBODY_ASKED",
          `Cannot ask ${quoted(prompt.replace(/:? *$/, ""))} where the client that started this gives no standard input`,
          { hint: `Run ${loginCommand}.` },
        )
      : undefined;
  return {
    seen: system.stderrIsTerminal,
    // What the client says of standard input beats what we see (KEP-541).
    answers: info.interactive !== false && system.stdinIsTerminal,
    loginCommand,
    browserFault: async () =>
      signing.skipOpenBrowser
        ? "--skip-open-browser"
        : signing.browserCommand === undefined
          ? await whyNoBrowser(system)
          : undefined,
    skipBrowser: signing.skipOpenBrowser,
    tell: (text) => log.say(text),
    showPage,
    openPage: async (url) => {
      if (signing.skipOpenBrowser) {
        showPage(url);
        return false;
      }
      const fault =
        signing.browserCommand === undefined
          ? await openBrowser(system, url.href)
          : await runBrowser(system, signing.browserCommand, url);
      if (fault === undefined) return true;
      log.say(`error: could not open the browser: ${fault}`);
      log.show(`Please visit the following URL in your browser manually: ${url.href}`);
      return false;
    },
    // The code and where it is asked for are shown before anything is opened (security.md R-J8).
    showDevice: async ({ userCode, address, complete }) => {
      log.show(`Please enter the following code when asked in your browser: ${userCode}`);
      const drawn = system.stderrIsTerminal ? await qrCode(complete ?? address) : undefined;
      if (drawn !== undefined) log.show(drawn);
      showPage(new URL(complete ?? address));
      if (signing.skipOpenBrowser) return;
      // Not waited for: whoever is fast is asked about meanwhile. The address is on the terminal whatever comes of it.
      void openQuietly(system, signing, new URL(complete ?? address)).catch(() => undefined);
    },
    willAsk: (prompt) => {
      const fault = askFault(prompt);
      return fault === undefined ? Promise.resolve() : Promise.reject(fault);
    },
    ask: async (prompt, signal, { hidden = false } = {}) => {
      const fault = askFault(prompt);
      if (fault !== undefined) throw fault;
      if (!hidden) return await askLine(prompt, signal);
      if (!system.stdinIsTerminal)
        throw new KnownError(
          "OIDC_NOBODY_ASKED",
          "Cannot ask for a password where standard input is no terminal",
          {
            hint: `Give --password, or run ${loginCommand} on a terminal.`,
          },
        );
      return await askHidden(prompt, signal);
    },
  };
};

const openQuietly = async (
  system: System,
  { browserCommand }: Pick<SignInSettings, "browserCommand">,
  url: URL,
): Promise<void> => {
  if (browserCommand !== undefined) await runBrowser(system, browserCommand, url);
  else if ((await whyNoBrowser(system)) === undefined) await openBrowser(system, url.href);
};

/** One program, one argument, no shell; what it prints goes to standard error (oidc.md §1.7). */
const runBrowser = async (system: System, file: string, url: URL): Promise<string | undefined> => {
  const child = system.spawn({
    file,
    args: [url.href],
    env: system.env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  child.stdout?.on("data", (part: Buffer) => system.log.show(part.toString("utf8").replace(/\n$/, "")));
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, by) =>
      resolve(
        code === 0
          ? undefined
          : `${JSON.stringify(file)} ended ${code === null ? `by ${by}` : `with status ${code}`}`,
      ),
    );
  });
  const enough = new AbortController();
  try {
    return await Promise.race([
      ended,
      system.sleep(BROWSER_FAILS_WITHIN, enough.signal).then(() => undefined),
    ]);
  } finally {
    enough.abort();
    child.unref();
  }
};
