import { dirname } from "node:path";
import type { FileFacts } from "../base/files.ts";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";

const STICKY = 0o1000;

/**
 * File systems that keep no owner and no mode of their own and show the same for every file (security.md R-N17):
 * 9p (Windows drives in WSL 2), FAT, exFAT, the shares of VirtualBox. The numbers are Linux's.
 */
const WITHOUT_MODES: ReadonlySet<number> = new Set([0x01_02_19_97, 0x4d_44, 0x20_11_ba_b0, 0x78_6f_42_56]);

export interface OwnershipOptions {
  /** Warn where it would be refused. */
  readonly allow: boolean;
}

/**
 * Whoever can write a kubeconfig chooses the program that runs as you (security.md R-I1 as settled in the specs):
 * a foreign owner or everybody's right to write refuses, the group's warns. The same counts for its directory, and for
 * the file and the directory behind a symlink.
 * @throws {KnownError} KUBECONFIG_WRITABLE, exit 2
 */
export async function checkOwnership(
  path: string,
  system: System,
  { allow }: OwnershipOptions,
): Promise<void> {
  if (system.uid === undefined) return;
  const real = await system.files.realPath(path).catch(() => path);
  const judged: Judgement[] = [];
  for (const [place, what] of [
    [path, `"${path}"`],
    [dirname(path), `its directory "${dirname(path)}"`],
    ...(real === path
      ? []
      : [[dirname(real), `the directory "${dirname(real)}" of the file behind it`] as const]),
  ] as const) {
    const facts = await system.files.facts(place);
    if (facts !== undefined) judged.push(judge(facts, what, system.uid));
  }
  const reasons = judged.flatMap(({ refuses }) => refuses);
  const warnings = judged.flatMap(({ warns }) => warns);
  if (reasons.length > 0) {
    const rest = `the credential plugin of kubeconfig "${path}": ${reasons.join(" and ")}`;
    const why = allow ? "--allow-writable-kubeconfig" : await whyNoModes(real, system);
    if (why === undefined) throw new KnownError("KUBECONFIG_WRITABLE", `Refusing to run ${rest}`);
    system.log.warn(`Running ${rest} (${why})`);
  } else if (warnings.length > 0)
    system.log.warn(
      `The group may write ${warnings.join(" and ")}, and so choose which credential plugin runs as you`,
    );
}

interface Judgement {
  readonly refuses: readonly string[];
  readonly warns: readonly string[];
}

const judge = (facts: FileFacts, what: string, uid: number): Judgement => {
  // In a sticky directory only the owner can replace a file.
  const sticky = facts.kind === "directory" && (facts.mode & STICKY) !== 0;
  const foreign = facts.uid !== uid && facts.uid !== 0;
  const everybody = (facts.mode & 0o002) !== 0 && !sticky;
  const group = (facts.mode & 0o020) !== 0 && !sticky;
  return {
    refuses: [
      ...(foreign ? [`${what} belongs to user ${facts.uid}`] : []),
      ...(everybody ? [`everybody may write ${what}`] : []),
    ],
    warns: group ? [what] : [],
  };
};

const whyNoModes = async (path: string, system: System): Promise<string | undefined> => {
  // WSL 1 has no kind of its own for Windows drives.
  const wsl = system.env["WSL_DISTRO_NAME"] !== undefined && /^\/mnt\/[a-z]\//.test(path);
  const kind = system.platform === "linux" && !wsl ? await system.files.fileSystem(path) : undefined;
  return wsl || (kind !== undefined && WITHOUT_MODES.has(kind))
    ? "this file system has no real permissions"
    : undefined;
};
