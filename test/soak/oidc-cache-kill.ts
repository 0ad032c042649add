import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { realSystem } from "../../src/base/system.ts";
import { parseEntry } from "../../src/oidc/entry.ts";
import { sealed } from "../../src/oidc/envelope.ts";

const WRITER = fileURLToPath(new URL("oidc-cache-writer.ts", import.meta.url));
const KEY = "ab".repeat(32);
const NAME = `${KEY}.json`;

export interface CacheKills {
  readonly rounds: number;
  /** Kills that left a draft: they fell between its first byte and its name. */
  readonly drafts: number;
  /** Kills after which the generation before the last that was begun is there. */
  readonly old: number;
  /** Times that the entry was read while it was being written. */
  readonly reads: number;
}

/**
 * Kills a process that writes an entry of the token cache, again and again: when it begins a draft, when the entry
 * changes, and at moments of chance; every second time it is sealed. The entry has to be one that was meant, old or new,
 * whenever it is read.
 * @throws {Error} with the round, for an entry that is torn, older than before, or of another mode
 */
export async function killCacheWriters(rounds: number): Promise<CacheKills> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-kill-"));
  const format = sealed(Buffer.alloc(32, 7), realSystem());
  let drafts = 0;
  let old = 0;
  let reads = 0;
  let generation = 0;
  const generationOf = async (round: number): Promise<number> => {
    const text = await readFile(join(directory, NAME), "utf8").catch(() => undefined);
    if (text === undefined) {
      if (generation === 0) return 0;
      throw new Error(`round ${round}: the entry is gone`);
    }
    const entry = text.includes('"sealed"') ? format.parse(KEY, text) : parseEntry(KEY, text);
    const at = entry?.expiresAt;
    const same = [entry?.idToken, entry?.accessToken, entry?.refreshToken].every(
      (token) => token?.reveal().slice(2) === `${at}.`.repeat(800),
    );
    if (at === undefined || !same) throw new Error(`round ${round}: torn after ${text.length} characters`);
    return at;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const how = round % 2 === 0 ? "plain" : "sealed";
      const watching = new AbortController();
      const changes = watch(directory, { signal: watching.signal });
      const child = spawn(process.execPath, [WRITER, directory, KEY, String(generation + 1), how], {
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
      if (round % 3 < 2) {
        const moment =
          round % 3 === 0 ? (name: string) => name.endsWith(".new") : (name: string) => name === NAME;
        for await (const { filename } of changes) if (moment(filename ?? "")) break;
      } else {
        const until = performance.now() + Math.random() * 60;
        do {
          await later(0);
          await generationOf(round);
          reads++;
        } while (performance.now() < until);
      }
      child.kill("SIGKILL");
      const [code, signal] = (await gone) as [number | null, string | null];
      watching.abort();
      if (signal !== "SIGKILL") throw new Error(`round ${round}: the writer ended by itself with ${code}`);
      const found = await generationOf(round);
      if (found < generation || found > begun)
        throw new Error(`round ${round}: generation ${found}, not ${generation} to ${begun}`);
      if (found < begun) old++;
      generation = found;
      if (found > 0 && ((await stat(join(directory, NAME))).mode & 0o777) !== 0o600)
        throw new Error(`round ${round}: another mode`);
      const left = (await readdir(directory)).filter((name) => name !== NAME);
      if (left.some((name) => !/^[0-9a-f]{64}\.json\.[0-9a-f]{12}\.new$/.test(name)))
        throw new Error(`round ${round}: ${left.join(", ")} left`);
      if (left.length > 0) drafts++;
      for (const name of left) await rm(join(directory, name));
    }
    return { rounds, drafts, old, reads };
  } finally {
    await rm(directory, { recursive: true });
  }
}
