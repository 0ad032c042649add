import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseKubeconfig } from "../../src/kubeconfig/parse.ts";

const WRITER = fileURLToPath(new URL("kubeconfig-writer.ts", import.meta.url));

/** Long to write and short to read, so that many kills fall between the first byte and the last. */
const filler = `# ${"x".repeat(998)}\n`.repeat(1000);
const AROUND = {
  before: `${filler}users:\n- name: other\n  user: {token: x}   # kept\n- name: u\n  user:\n    auth-provider:\n      config:\n`,
  after: "      name: oidc # kept\ncurrent-context: one\n",
};

export interface KillReport {
  readonly rounds: number;
  /** Kills that fell into a write: the lock was left behind. */
  readonly duringWrite: number;
  /** Kills that left a draft. */
  readonly drafts: number;
  /** Times that the file was read while it was being written. */
  readonly reads: number;
}

/** Resolves as soon as a file changes: most of a write is reading, and few kills of chance would hit the rest. */
const changeOf = async (name: string, directory: string): Promise<void> => {
  for await (const { filename } of watch(directory)) if (filename === name) return;
};

/**
 * Kills a process that writes a kubeconfig, again and again: when it writes its draft, when the file itself changes,
 * and at moments of chance. The file has to be one that was meant, old or new, whenever it is read.
 * @throws {Error} with the round, for a file that is torn, older than before, or of another mode
 */
export async function killWriters(rounds: number): Promise<KillReport> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-kill-"));
  const path = join(directory, "config");
  await writeFile(path, `${AROUND.before}        key-0: old\n${AROUND.after}`);
  await chmod(path, 0o600);
  let generation = 0;
  let duringWrite = 0;
  let drafts = 0;
  let reads = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, [WRITER, path, String(generation + 1)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const gone = once(child, "exit");
      let begun = generation;
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        begun = Number(said.split("\n").at(-2) ?? begun);
      });
      await once(child.stdout, "data");
      if (round % 3 === 0) await changeOf("config.kauth-draft", directory);
      else if (round % 3 === 1) await changeOf("config", directory);
      else {
        const until = performance.now() + Math.random() * 100;
        do {
          await later(0);
          await generationOf(path, round);
          reads++;
        } while (performance.now() < until);
      }
      child.kill("SIGKILL");
      const [code, signal] = (await gone) as [number | null, string | null];
      if (signal !== "SIGKILL") throw new Error(`round ${round}: the writer ended by itself with ${code}`);
      const found = await generationOf(path, round);
      if (found < generation || found > begun)
        throw new Error(`round ${round}: generation ${found}, not ${generation} to ${begun}`);
      generation = found;
      if (((await stat(path)).mode & 0o777) !== 0o600) throw new Error(`round ${round}: another mode`);
      const left = (await readdir(directory)).filter((name) => name !== "config");
      if (left.some((name) => name !== "config.lock" && name !== "config.kauth-draft"))
        throw new Error(`round ${round}: ${left.join(", ")} left`);
      if (left.includes("config.lock")) duringWrite++;
      if (left.includes("config.kauth-draft")) drafts++;
      // What the message of KUBECONFIG_LOCKED says to do.
      await rm(`${path}.lock`, { force: true });
    }
    return { rounds, duringWrite, drafts, reads };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Which generation the file holds: all of it, and everything around it as it was. */
const generationOf = async (path: string, round: number): Promise<number> => {
  const text = await readFile(path, "utf8");
  if (!text.startsWith(AROUND.before) || !text.endsWith(AROUND.after))
    throw new Error(`round ${round}: torn after ${text.length} characters`);
  const stanza = `users:\n- name: u\n${text.slice(text.indexOf("  user:\n    auth-provider"))}`;
  const { users } = await parseKubeconfig(stanza);
  const values = [...(users.get("u")?.value.authProvider?.config.values() ?? [])];
  if (values.length === 1 && values[0] === "old") return 0;
  const generation = Number(values[0]?.slice(0, (values[0]?.length ?? 0) / 20));
  if (values.length !== 40 || values.some((value) => value !== String(generation).repeat(20)))
    throw new Error(`round ${round}: a mixture of generations`);
  return generation;
};
