import { join } from "node:path";
import { KnownError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { places } from "../base/places.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { redirectFile } from "./pages/redirect.ts";

/** The link in it is void by then. */
const KEPT = millis(60_000);

export interface LaunchFile extends AsyncDisposable {
  /** What the browser is started on; nothing secret is in the name. */
  readonly path: string;
  /** How long it is kept. */
  readonly goodForSeconds: number;
  remove(): Promise<void>;
}

/**
 * Writes the page that takes the browser to a launch link, so that the link is in no program's arguments
 * (security.md R-C1): mode 0600 in the runtime directory of mode 0700. Removed after 60 s at the latest.
 * @throws {KnownError} STATE_INVALID when the runtime directory is somebody else's
 */
export async function writeLaunchFile(
  system: System,
  launch: { readonly url: Secret; readonly title: string },
): Promise<LaunchFile> {
  const directory = places(system).runtime;
  await system.files.makeDirectory(directory);
  const facts = await system.files.facts(directory);
  // Its owner could put a page of his own where the browser is about to look.
  if (system.uid !== undefined && facts?.uid !== system.uid)
    throw new KnownError("STATE_INVALID", `Cannot use "${directory}": it belongs to another user`, {
      hint: "Name a directory of yours with XDG_RUNTIME_DIR or KAUTH_HOME.",
    });
  const open = system.uid !== undefined && facts !== undefined && (facts.mode & 0o077) !== 0;
  // A directory that was there before may be open to others; one of our own inside it is not.
  const safe = open ? join(directory, `launch-${system.random(8).toString("hex")}`) : directory;
  if (open) await system.files.makeDirectory(safe);
  const path = join(safe, `open-${system.random(8).toString("hex")}.html`);
  await system.files.create(path, redirectFile(launch, system.random(16).toString("base64url")));
  const timer = setTimeout(() => void remove(), KEPT);
  timer.unref();
  const remove = async (): Promise<void> => {
    clearTimeout(timer);
    await system.files.remove(open ? safe : path, { recursive: open }).catch(() => undefined);
  };
  return { path, goodForSeconds: KEPT / 1000, remove, [Symbol.asyncDispose]: remove };
}
