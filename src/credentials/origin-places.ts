import { posix } from "node:path";
import type { System } from "../base/system.ts";
import type { OriginFacts } from "../kubeconfig/index.ts";

/** One of what stands between a name and the file: who may change it may give the name to another file. */
export interface Place {
  readonly kind: "file" | "directory" | "link";
  /** Without a symlink in front. */
  readonly path: string;
  /** Undefined where it is gone or cannot be looked at. */
  readonly facts: OriginFacts | undefined;
}

/** As Linux has it. */
const LINKS_MOST = 40;

/** The files that a process has open, under their numbers: symlinks that lead to the file itself and not to a name. */
const OPEN_FILES = /^\/proc\/\d+\/(?:task\/\d+\/)?fd$/;

/**
 * All places on the way of an absolute path, from `/` on, each once: directories, symlinks, and the file at its end,
 * which comes last. The way ends early at what is not there.
 */
export async function placesOf(path: string, system: System): Promise<readonly Place[]> {
  const places = new Map<string, Place>();
  let links = 0;
  let at = "/";
  let rest = path.split("/");
  const visit = async (place: string): Promise<string | undefined> => {
    const found = await system.files.nameFacts(place);
    const kind =
      found?.kind === "directory" ? "directory" : found?.kind === "link" ? "link" : ("file" as const);
    // Again, so that the file's own is the last.
    places.delete(place);
    places.set(place, { kind, path: place, facts: found });
    return found?.target;
  };
  await visit(at);
  while (rest.length > 0) {
    const [word = "", ...more] = rest;
    rest = more;
    if (word === "" || word === ".") continue;
    if (word === "..") {
      at = posix.dirname(at);
      continue;
    }
    const next = posix.join(at, word);
    const target = await visit(next);
    const place = places.get(next);
    if (place?.facts === undefined) break;
    if (target === undefined) {
      at = next;
      continue;
    }
    if (OPEN_FILES.test(at)) break;
    if (++links > LINKS_MOST) {
      places.set(next, { ...place, facts: undefined });
      break;
    }
    if (target.startsWith("/")) at = "/";
    rest = [...target.split("/"), ...rest];
  }
  return [...places.values()];
}
