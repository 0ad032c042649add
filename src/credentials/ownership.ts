import { KnownError, type ErrorCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { OriginFacts } from "../kubeconfig/index.ts";
import { placesOf, type Place } from "./origin-places.ts";

const STICKY = 0o1000;

/**
 * File systems that keep no owner and no mode of their own and show the same for every file (security.md R-N17):
 * 9p (Windows drives in WSL 2), FAT, exFAT, the shares of VirtualBox. The numbers are Linux's.
 */
const WITHOUT_MODES: ReadonlySet<number> = new Set([0x01_02_19_97, 0x4d_44, 0x20_11_ba_b0, 0x78_6f_42_56]);

/** A kubeconfig, as it was read. */
export interface Origin {
  readonly path: string;
  /** Of the very file that was read. Undefined where nobody kept them, which refuses. */
  readonly facts: OriginFacts | undefined;
}

export interface OwnershipOptions {
  /** Warn where it would be refused. */
  readonly allow: boolean;
  /** What is wanted of it. Default: to run its credential plugin. */
  readonly use?: OriginUse;
}

/** `Refusing to ${verb} ${what} of ${file} …`, and `${doing} ${what} …`. */
export interface OriginUse {
  readonly verb: string;
  readonly doing: string;
  readonly what: string;
  /** What who may write it can do. */
  readonly power: string;
  /** What kind of file it is. Default: kubeconfig. */
  readonly file?: string;
  /** Default: KUBECONFIG_WRITABLE. */
  readonly code?: ErrorCode;
}

const RUN_PLUGIN: OriginUse = {
  verb: "run",
  doing: "Running",
  what: "the credential plugin",
  power: "choose which credential plugin runs as you",
};

/**
 * Whoever can write a kubeconfig chooses the program that runs as you (security.md R-I1 as settled in the specs):
 * a foreign owner or everybody's right to write refuses, the group's warns. Judged are the file that was read, what has
 * its name now, every directory above it and every symlink on the way. What cannot be looked at refuses.
 * @throws {KnownError} KUBECONFIG_WRITABLE, exit 2, or the code of the use
 */
export async function checkOwnership(
  { path, facts }: Origin,
  system: System,
  { allow, use = RUN_PLUGIN }: OwnershipOptions,
): Promise<void> {
  const { uid } = system;
  if (uid === undefined) return;
  const places = await placesOf(path, system);
  const read: Place = { kind: "file", path, facts };
  const judged = [read, ...places].map((place) => judge(place, uid));
  const refusing = judged.filter(({ refuses }) => refuses.length > 0);
  const warnings = new Set(judged.flatMap(({ warns }) => warns));
  if (refusing.length > 0) {
    const reasons = new Set(refusing.flatMap(({ refuses }) => refuses));
    const rest = `${use.what} of ${use.file ?? "kubeconfig"} "${path}": ${[...reasons].join(" and ")}`;
    const end = places.at(-1)?.path ?? path;
    const where = refusing.map(({ place }) => (place === read ? end : place.path));
    const why = allow ? "--allow-writable-kubeconfig" : await whyNoModes(where, system);
    if (why === undefined)
      throw new KnownError(use.code ?? "KUBECONFIG_WRITABLE", `Refusing to ${use.verb} ${rest}`);
    system.log.warn(`${use.doing} ${rest} (${why})`);
  } else if (warnings.size > 0)
    system.log.warn(`The group may write ${[...warnings].join(" and ")}, and so ${use.power}`);
}

interface Judgement {
  readonly place: Place;
  readonly refuses: readonly string[];
  readonly warns: readonly string[];
}

const NAMES = { file: "", directory: "the directory ", link: "the symlink " } as const;

const judge = (place: Place, uid: number): Judgement => {
  const { kind, facts } = place;
  const what = `${NAMES[kind]}"${place.path}"`;
  if (facts === undefined) return { place, refuses: [`${what} cannot be looked at`], warns: [] };
  const foreign = facts.uid !== uid && facts.uid !== 0;
  // In a sticky directory only the owner can replace a file. A symlink is never written, and its mode means nothing.
  const closed = kind === "link" || (kind === "directory" && (facts.mode & STICKY) !== 0);
  return {
    place,
    refuses: [
      ...(foreign ? [`${what} belongs to user ${facts.uid}`] : []),
      ...((facts.mode & 0o002) !== 0 && !closed ? [`everybody may write ${what}`] : []),
    ],
    warns: (facts.mode & 0o020) !== 0 && !closed ? [what] : [],
  };
};

/** Only where none of the places has any. */
const whyNoModes = async (paths: readonly string[], system: System): Promise<string | undefined> => {
  const without = await Promise.all(paths.map(async (path) => await isWithoutModes(path, system)));
  return without.every(Boolean) ? "this file system has no real permissions" : undefined;
};

const isWithoutModes = async (path: string, system: System): Promise<boolean> => {
  // WSL 1 has no kind of its own for Windows drives.
  if (system.env["WSL_DISTRO_NAME"] !== undefined && /^\/mnt\/[a-z](?:\/|$)/.test(path)) return true;
  const kind = system.platform === "linux" ? await system.files.fileSystem(path) : undefined;
  return kind !== undefined && WITHOUT_MODES.has(kind);
};
