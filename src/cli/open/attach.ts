import { relative, sep } from "node:path";
import { places } from "../../base/places.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { openBrowser } from "./browser.ts";
import type { Answer, Way } from "./instance-words.ts";
import { askOthers } from "./other-instances.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";
import { wantsOwn } from "./target-keys.ts";

/** How long a browser has to take the file away (security.md R-N19), and how often that is looked at. */
const SESSION_WAIT = 5_000;
const LOOK = millis(100);

/** As `writeLaunchFile` names it, below the runtime directory. */
const FILE = /^(?:launch-[0-9a-f]{16}\/)?open-[0-9a-f]{16}\.html$/;

export interface AttachOptions {
  readonly system: System;
  readonly settings: OpenSettings;
  /** Of what is to be opened, as `targetKeys` makes them. */
  readonly keys: readonly string[];
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Opens what another kauth of this user serves already: the same targets, as the same person, in the same way.
 * False: nobody does, and nothing was done.
 */
export async function attach(options: AttachOptions): Promise<boolean> {
  const { system, settings, report, signal } = options;
  if (wantsOwn(settings)) return false;
  const found = await askFor(options, settings.openBrowser ? "file" : "link");
  if (found === undefined) return false;
  const { pid, targets, addresses } = found;
  report.emit({ event: "attached", pid, targets, addresses });
  if (!settings.openBrowser) {
    printLink(report, found.open);
    return true;
  }
  const reason = await openBrowser(system, found.open.way);
  report.emit({ event: "browser", opened: reason === undefined, reason });
  if (reason === undefined && (await isTaken(system, found.open.way, signal))) return true;
  if (signal.aborted) return true;
  if (reason === undefined)
    system.log.say("The browser has not come back yet; if nothing opened, use the link");
  const again = await askFor(options, "link");
  if (again !== undefined) printLink(report, again.open);
  return true;
}

interface Found extends Answer {
  readonly open: Way;
}

const askFor = async (
  { system, settings, keys }: AttachOptions,
  as: "link" | "file",
): Promise<Found | undefined> => {
  const answers = await askOthers(system, { open: { keys, addresses: settings.addresses, as } });
  for (const answer of answers) {
    const { open } = answer;
    if (open === undefined) continue;
    if (as === "link" ? isLink(open.way) : await isLaunchFile(system, open.way)) return { ...answer, open };
  }
  return undefined;
};

const printLink = (report: Report, { way, goodForSeconds }: Way): void =>
  report.emit({ event: "link", url: way, goodForSeconds });

/** A page of this machine. Whoever answers is this user, but a browser is started on nothing that it does not expect. */
const isLink = (text: string): boolean =>
  /^http:\/\/(?:[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?\/__kauth\/launch#[\w-]+$/.test(
    text,
  );

const isLaunchFile = async (system: System, path: string): Promise<boolean> => {
  if (!FILE.test(relative(places(system).runtime, path).split(sep).join("/"))) return false;
  const facts = await system.files.nameFacts(path);
  return facts?.kind === "file" && facts.uid === system.uid;
};

/** The other kauth removes its file when a browser has come by it. */
const isTaken = async (system: System, path: string, signal: AbortSignal): Promise<boolean> => {
  const end = system.monotonic() + SESSION_WAIT;
  while (system.monotonic() < end && !signal.aborted) {
    if ((await system.files.nameFacts(path)) === undefined) return true;
    await system.sleep(LOOK, signal).catch((): void => undefined);
  }
  return false;
};
