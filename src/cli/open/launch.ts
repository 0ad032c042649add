import { messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { writeLaunchFile, type LaunchFile, type Origin, type ProxyServer } from "../../proxy/index.ts";
import { onEnter } from "./ask.ts";
import { openBrowser } from "./browser.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";

export interface Launch {
  readonly system: System;
  readonly settings: Pick<OpenSettings, "openBrowser">;
  readonly report: Report;
  readonly server: Pick<ProxyServer, "newLaunch" | "onEvent">;
  /** What is opened in the end. */
  readonly site: Origin;
  /** Whose link is given: the start page, which leads on, or the site itself. */
  readonly first: Origin;
  readonly signal: AbortSignal;
  /** What Enter does before it gives a link; true: it did something else instead. */
  readonly onEnter: () => boolean;
  /** Called with the file that the browser is started on; whoever ends the program before the file has gone removes it. */
  readonly onFile: (file: LaunchFile) => void;
}

/** How long the browser has to make a session before a link is printed (security.md R-N19). */
const SESSION_WAIT = millis(5_000);

/**
 * The browser is started on a private file that leads to the one-time link, so that no secret is in argv. A link is
 * printed when none was asked for, none could be started, or no session was made in time (decisions.md "Launch").
 */
export async function launch(wishes: Launch): Promise<void> {
  const { settings, report, signal } = wishes;
  if (wishes.system.stdinIsTerminal)
    onEnter(() => {
      if (!wishes.onEnter()) printLink(wishes);
    }, signal);
  if (!settings.openBrowser) {
    printLink(wishes);
    sayHowToGoOn(wishes.system);
    return;
  }
  const session = sessionWithin(wishes);
  const reason = await startBrowser(wishes);
  report.emit({ event: "browser", opened: reason === undefined, reason });
  if (reason !== undefined) printLink(wishes);
  sayHowToGoOn(wishes.system);
  if (reason !== undefined) return;
  if (!(await session) && !signal.aborted) {
    wishes.system.log.say("The browser has not come back yet; if nothing opened, use the link");
    printLink(wishes);
  }
}

/** Enter is read from a terminal only; a script knows how it is ended. */
const sayHowToGoOn = (system: System): void => {
  if (system.stdinIsTerminal) system.log.say("Press Enter for a new link, Ctrl-C to stop");
};

const printLink = ({ server, first, report }: Launch): void => {
  const link = server.newLaunch(first, { printed: true });
  report.emit({ event: "link", url: link.url.reveal(), goodForSeconds: Math.round(link.life / 1000) });
};

/** A file that a browser is started on; gone when it has come by it. */
export async function launchFile({
  system,
  server,
  site,
  first,
}: Pick<Launch, "system" | "server" | "site" | "first">): Promise<LaunchFile> {
  const { url } = server.newLaunch(first, { printed: false });
  const file = await writeLaunchFile(system, { url, title: site.title });
  const stop = server.onEvent((event) => {
    if (event.kind !== "session" || event.site !== site) return;
    stop();
    void file.remove();
  });
  return file;
}

/** Resolves to the reason when no browser could be started. */
const startBrowser = async (wishes: Launch): Promise<string | undefined> => {
  const { system, onFile } = wishes;
  try {
    const file = await launchFile(wishes);
    onFile(file);
    const reason = await openBrowser(system, file.path);
    if (reason !== undefined) await file.remove();
    return reason;
  } catch (error) {
    return `the launch file could not be written: ${messageOf(error)}`;
  }
};

const sessionWithin = async ({ system, server, site, signal }: Launch): Promise<boolean> => {
  const over = new AbortController();
  let made = false;
  const stop = server.onEvent((event) => {
    if (event.kind !== "session" || event.site !== site) return;
    made = true;
    over.abort();
  });
  await system.sleep(SESSION_WAIT, AbortSignal.any([over.signal, signal])).catch((): void => undefined);
  stop();
  return made;
};
