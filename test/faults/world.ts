import { writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Loaded before the program: its clock and one name are what a file says. */
const PRELOAD = `
import dns from "node:dns";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const path = new URL("world.json", import.meta.url);
let world = JSON.parse(readFileSync(path, "utf8"));
setInterval(() => {
  try { world = JSON.parse(readFileSync(path, "utf8")); } catch { /* It is being written. */ }
}, 20).unref();
const now = Date.now;
Date.now = () => now() + world.ahead;
const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  if (name !== world.name) return lookup(name, options, done);
  const [wishes, give] = typeof options === "function" ? [{}, options] : [options, done];
  const found = { address: world.address, family: 4 };
  setImmediate(() => wishes.all === true ? give(null, [found]) : give(null, found.address, 4));
};
syncBuiltinESMExports();
`;

/** The clock and the names of a `kauth` that runs as a process of its own, and of what it starts. */
export interface World extends AsyncDisposable {
  readonly env: NodeJS.ProcessEnv;
  /** A name that nobody else knows. */
  readonly name: string;
  /** Sets the clock: so many milliseconds ahead of ours. */
  clock(ahead: number): void;
  /** Where the name leads from now on. First: 127.0.0.1. */
  address(address: string): void;
}

export async function newWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-world-"));
  const state = { ahead: 0, name: "api.kauth.test", address: "127.0.0.1" };
  const save = (): void => writeFileSync(join(directory, "world.json"), JSON.stringify(state));
  save();
  const preload = join(directory, "world.mjs");
  await writeFile(preload, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--import=${preload}` },
    name: state.name,
    clock: (ahead) => {
      state.ahead = ahead;
      save();
    },
    address: (address) => {
      state.address = address;
      save();
    },
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
  };
}
