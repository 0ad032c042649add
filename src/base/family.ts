import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A child that was started, and what tells its descendants from other processes. */
export interface Ancestor {
  readonly pid: number;
  /** Who started it: never one of the family. */
  readonly starter: number;
  /** It has a session of its own. */
  readonly leads: boolean;
  /** It was not waited for yet, so that its number is still its own. */
  readonly alive: boolean;
  /** Its standard output as /proc names it, e.g. `socket:[7]`. Who holds it has it from the child. */
  readonly output: string | undefined;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/**
 * The processes that came of a child: its children and theirs, its session, and who holds its standard output although
 * it left both. Only Linux can tell; elsewhere there is none.
 */
export function familyOf(child: Ancestor, proc = "/proc"): readonly number[] {
  const all = processes(proc).filter(({ pid }) => pid !== child.starter);
  const found = new Set<number>(child.alive ? [child.pid] : []);
  for (const each of all)
    if (
      (child.leads && each.session === child.pid) ||
      (child.output !== undefined &&
        links(proc, each.pid, list(`${proc}/${each.pid}/fd`)).includes(child.output))
    )
      found.add(each.pid);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const each of all) if (found.has(each.parent)) found.add(each.pid);
  }
  found.delete(child.pid);
  return [...found];
}

/** What /proc calls the standard output of a process that `starter` just started with a pipe. */
export const outputOf = (pid: number, starter: number, proc = "/proc"): string | undefined => {
  const [output] = links(proc, pid, ["1"]);
  // A file, or /dev/null, is held by many; and until it has its own it may still have ours.
  if (output === undefined || !/^(?:pipe|socket):\[\d+\]$/.test(output)) return undefined;
  return links(proc, starter, ["0", "1", "2"]).includes(output) ? undefined : output;
};

const processes = (proc: string): readonly Process[] =>
  list(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`${proc}/${name}/stat`, "latin1");
        // The program's name comes before, in brackets, and may hold any letter.
        const [, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(name), parent: Number(parent), session: Number(session) }];
      } catch {
        // It ended in the meantime.
        return [];
      }
    });

const links = (proc: string, pid: number, descriptors: readonly string[]): readonly string[] =>
  descriptors.flatMap((descriptor) => {
    try {
      return [readlinkSync(`${proc}/${pid}/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });

/** Nothing where there is no such directory, or where it is another user's. */
const list = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
