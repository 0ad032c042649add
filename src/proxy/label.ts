import { createHmac } from "node:crypto";
import { join } from "node:path";
import { KnownError, systemCode } from "../base/errors.ts";
import { places } from "../base/places.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";
import { isMarked } from "./gap.ts";

/** Characters of a DNS label (RFC 1035 §2.3.4). */
const LABEL_MAX = 63;
const DIGEST_DIGITS = 20;
const SLUG_MAX = LABEL_MAX - DIGEST_DIGITS - 1;
const KEY_BYTES = 32;

const KEY_FILE = "origin.key";
const KEY_LINE = /^kauth-origin-key 1\n([0-9a-f]{64})\n$/;
const NEWER = /^kauth-origin-key (?!1\n)\d+\n/;
/** Two lines. */
const KEY_LIMIT = KiB(1);

/** What makes one target different from another (security.md R-D1). */
export interface OriginInputs {
  /** URL of the API server. */
  readonly server: string;
  /** Hash of its certificate authority; empty without one. */
  readonly authority: string;
  readonly namespace: string;
  /** `service/ui`, `pod/web-0`. */
  readonly target: string;
  readonly port: string;
  /** Name of the kubeconfig's user. */
  readonly user: string;
}

/** Lower-case letters, digits and single hyphens, as in a DNS label; `ui` if nothing is left. */
export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_MAX)
    .replace(/^-+|-+$/g, "") || "ui";

/**
 * The same inputs under another key give another label: who does not have the key cannot know the name. `life` counts
 * the names that were given up.
 */
export const originHost = (key: Buffer, name: string, inputs: OriginInputs, life = 0): string => {
  const { server, authority, namespace, target, port, user } = inputs;
  const text = JSON.stringify([
    server,
    authority,
    namespace,
    target,
    port,
    user,
    ...(life === 0 ? [] : [life]),
  ]);
  const digest = createHmac("sha256", key).update(text).digest("hex").slice(0, DIGEST_DIGITS);
  return `${slugOf(name)}-${digest}.localhost`;
};

/** Names that one target may lose; a machine that crashes daily needs years. */
const LIVES = 1_000;

/**
 * The host name of a target's origin, unknown to others and the same at every run of this installation, as long as
 * each ends in order. After one that died, whoever took the port may have left a service worker at the old name,
 * which would read the next launch link (security.md R-N1): that name is given up.
 * @throws {KnownError} STATE_INVALID when the key file is damaged, newer, or open to others
 */
export async function originOf(
  system: System,
  name: string,
  inputs: OriginInputs,
  listenPort: number,
): Promise<string> {
  const key = await originKey(system);
  for (let life = 0; life < LIVES; life += 1) {
    const host = originHost(key, name, inputs, life);
    if (!(await isMarked(system, host, listenPort))) return host;
  }
  return originHost(system.random(KEY_BYTES), name, inputs);
}

const originKey = async (system: System): Promise<Buffer> => {
  const path = join(places(system).state, KEY_FILE);
  const held = await readKey(system, path);
  if (Buffer.isBuffer(held)) return held;
  const key = system.random(KEY_BYTES);
  const text = `kauth-origin-key 1\n${key.toString("hex")}\n`;
  try {
    if (held === "missing") await system.files.create(path, text);
    else await system.files.write(path, text);
    return key;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") {
      system.log.warn(
        `The key for the names of your pages could not be kept in "${path}"; they change at every start`,
      );
      return key;
    }
  }
  const other = await readKey(system, path);
  if (!Buffer.isBuffer(other)) throw damaged(path);
  return other;
};

/** A file without content is what a crash or a full disk left of one. */
const readKey = async (system: System, path: string): Promise<Buffer | "missing" | "empty"> => {
  const facts = await system.files.facts(path);
  if (facts === undefined) return "missing";
  if (facts.kind !== "file") throw damaged(path);
  if (system.uid !== undefined && (facts.uid !== system.uid || (facts.mode & 0o077) !== 0))
    throw new KnownError(
      "STATE_INVALID",
      `Cannot use "${path}": it must belong to you and be closed to others`,
      {
        hint: "Others may know the key, so remove the file; a new one is made at the next start.",
      },
    );
  const text = (await system.files.read(path, KEY_LIMIT)).toString("latin1");
  const digits = KEY_LINE.exec(text)?.[1];
  if (digits !== undefined) return Buffer.from(digits, "hex");
  if (NEWER.test(text))
    throw new KnownError("STATE_INVALID", `Cannot use "${path}": a newer kauth has written it`, {
      hint: "Update kauth, or remove the file: then the pages get new names.",
    });
  if (text === "") return "empty";
  throw damaged(path);
};

const damaged = (path: string): KnownError =>
  new KnownError("STATE_INVALID", `Cannot use "${path}": it is not a key file of kauth`, {
    hint: "Remove the file; a new one is made at the next start, and the pages get new names.",
  });
