import { join, sep } from "node:path";
import { messageOf } from "../base/errors.ts";
import { places } from "../base/places.ts";
import { FLIGHTS, hasSeats } from "../base/seat.ts";
import type { System } from "../base/system.ts";
import type { Invocation } from "./command.ts";
import { defaultDirectory } from "./oidc/settings.ts";
import { INSTANCES } from "./open/instance.ts";
import { deadSockets } from "./open/other-instances.ts";
import { refuseOperands } from "./options.ts";
import { wantsJson } from "./output-option.ts";
import { jsonText } from "./output.ts";

/** Every file that kauth writes by itself; docs/files.md is compared with it. */
export const WRITTEN = [
  { place: "state", pattern: /^origin\.key$/, mode: "0600", holds: "The key behind the names of your pages" },
  {
    place: "state",
    pattern: /^carriers\.json$/,
    mode: "0600",
    holds: "Which port-forward carrier worked, per cluster",
  },
  {
    place: "state",
    pattern: /^origins$/,
    mode: "0700",
    holds: "A mark per page that is being served; one that is left tells that kauth was killed",
  },
  {
    place: "cache",
    pattern: /^code$/,
    mode: "0700",
    holds: "Compiled code of kauth itself, for a faster start; not written by the compiled binary",
  },
  {
    place: "cache",
    pattern: /^iam$/,
    mode: "0700",
    holds:
      "Keys of AWS that took another machine, a program or a person, and tokens made with them, each in a file (0600) until it ends",
  },
  {
    place: "runtime",
    pattern: /^open-[0-9a-f]{16}\.html$/,
    mode: "0600",
    holds: "A launch file; gone after use or 60 s",
  },
  {
    place: "runtime",
    pattern: /^launch-[0-9a-f]{16}$/,
    mode: "0700",
    holds: "A directory for a launch file, where the runtime directory is open to others",
  },
  {
    place: "runtime",
    pattern: /^instances$/,
    mode: "0700",
    holds:
      "A socket (0600) per running `kauth open`, by which the next one finds it; those of running ones stay. Not on Windows, and not where the path would be longer than 103 bytes",
  },
  {
    place: "runtime",
    pattern: /^demo-[0-9a-zA-Z]+$/,
    mode: "0700",
    holds: "The demo's kubeconfig and plugin; gone at its end",
  },
  {
    place: "runtime",
    pattern: /^oidc$/,
    mode: "0700",
    holds:
      "What processes that want the same token agree by: who is at it (a lock and a socket, 0600), sign-ins that came to nothing, and tokens that a full disk did not take. It stays while one is at it",
  },
  {
    place: "temp",
    pattern: /^kauth-[0-9a-f]+$/,
    mode: "0700",
    holds:
      "The same, where the runtime directory cannot be written; ID is your user number. Homes share it, and it stays while a process of any is at it",
  },
  {
    place: "tokens",
    pattern: /^[0-9a-f]{64}\.json$/,
    mode: "0600",
    holds:
      "Tokens of one identity at one OpenID provider, or those sealed with a key of the keyring; `kauth oidc logout` tells the provider too",
  },
  {
    place: "tokens",
    pattern: /^kauth-handed-out$/,
    mode: "0600",
    holds: "Hashes of who was given which token last, by which a refusal of a server is noticed",
  },
  {
    place: "tokens",
    pattern: /^kauth-private$/,
    mode: "0700",
    holds: "The same two, where the directory is open to others",
  },
] as const;

/** Beside the places of kauth's own: where kubelogin keeps tokens, and where everybody keeps what is for now. */
const directories = (system: System): Readonly<Record<(typeof WRITTEN)[number]["place"], string>> => ({
  ...places(system),
  tokens: defaultDirectory(system),
  temp: system.temp,
});

/** Drafts of files that are replaced as a whole; a crash leaves them behind. */
const DRAFT = /\.[0-9a-f]{12}\.new$/;

const ours = async (system: System): Promise<readonly string[]> => {
  const found: string[] = [];
  const where = directories(system);
  for (const place of ["state", "cache", "runtime", "temp", "tokens"] as const) {
    const directory = where[place];
    const names = await system.files.list(directory).catch((): readonly string[] => []);
    for (const name of names) {
      const plain = name.replace(DRAFT, "");
      // Those who run must go on being found.
      if (place === "runtime" && plain === INSTANCES)
        found.push(...(await deadInstances(system, join(directory, name))));
      // Everybody may have put something there.
      else if (place === "temp" && !(await isMine(system, join(directory, name)))) continue;
      // Who signs in now goes on being waited for; in the directory for what is temporary that may be of another home.
      else if (place === "runtime" && plain === FLIGHTS && (await hasSeats(join(directory, name), system)))
        continue;
      else if (place === "temp" && (await hasSeats(join(directory, name, FLIGHTS), system))) continue;
      else if (WRITTEN.some((file) => file.place === place && file.pattern.test(plain)))
        found.push(join(directory, name));
    }
  }
  return found;
};

const isMine = async ({ uid, files }: System, path: string): Promise<boolean> => {
  if (uid === undefined || !path.endsWith(`${sep}kauth-${uid}`)) return false;
  const facts = await files.nameFacts(path);
  return facts?.kind === "directory" && facts.uid === uid;
};

const deadInstances = async (system: System, directory: string): Promise<readonly string[]> => {
  const { dead, alive } = await deadSockets(system);
  return alive ? dead : [directory];
};

/** `kauth clean`: what kauth wrote and nothing else. */
export async function runClean(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "clean up");
  const asJson = wantsJson(options);
  const { configFault } = invocation;
  if (configFault !== undefined) system.log.warn(configFault.message);
  const dry = options.boolean("dry-run");
  const removed: string[] = [];
  const failed: { readonly path: string; readonly reason: string }[] = [];
  for (const path of await ours(system)) {
    try {
      if (!dry) await system.files.remove(path, { recursive: true });
      removed.push(path);
    } catch (error) {
      failed.push({ path, reason: messageOf(error) });
    }
  }
  if (asJson) system.log.out(jsonText({ dryRun: dry, removed, failed }));
  else {
    for (const path of removed) system.log.say(`${dry ? "Would remove" : "Removed"} ${path}`);
    for (const { path, reason } of failed) system.log.warn(`Cannot remove ${path}: ${reason}`);
    if (removed.length + failed.length === 0) system.log.say("There is nothing of kauth's to remove");
  }
  return failed.length === 0 ? 0 : 1;
}
