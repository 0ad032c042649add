import { join, resolve } from "node:path";
import { DecodeError, fallback, object, string } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import { parseQuietly, quoted } from "../../base/quote.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB } from "../../base/units.ts";
import { credentialOf, saidBy, type Entry } from "../../oidc/index.ts";
import type { Invocation } from "../command.ts";
import { oidcImportCommand } from "../commands/oidc-import.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { structured } from "../output.ts";
import { expandTilde } from "../tilde.ts";
import { described, type Described } from "./described.ts";
import { placeOf, type Place } from "./kept.ts";

/** kubelogin's `<dir>/<key>`; what the key is made of cannot be made again (oidc.md §1.6), so the content decides. */
const NAME = /^[0-9a-f]{64}$/;
const LIMIT = KiB(192);
const shape = object({ id_token: fallback(string, ""), refresh_token: fallback(string, "") });

interface Foreign {
  readonly path: string;
  readonly entry: Entry;
  /** Of the ID token, in epoch milliseconds. */
  readonly end: number;
}

/** The object of `-o json`. */
export interface ImportDocument {
  readonly imported: boolean;
  /** Why not. */
  readonly reason?: "exists";
  readonly entry?: Described;
  /** Whether kubelogin's is gone. */
  readonly removed?: boolean;
}

/** `kauth oidc import` */
export async function runImport(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  const wish = "import a sign-in";
  refuseOperands(invocation, wish);
  const asJson = wantsJson(options);
  const place = await placeOf(invocation, oidcImportCommand.options, wish);
  const { settings, storage, key } = place;
  const { issuer, clientId, account } = settings;
  if (storage === undefined)
    throw new KnownError("USAGE", `Cannot ${wish}: no tokens are kept`, {
      hint: "Leave --token-cache-storage none out.",
    });
  const given = options.string("from") ?? "";
  const directory = resolve(system.cwd, given === "" ? settings.directory : expandTilde(given, system));
  const about = `${quoted(issuer)} as client ${quoted(clientId)}`;
  if ((await storage.read(key)) !== undefined) {
    const document: ImportDocument = { imported: false, reason: "exists" };
    if (asJson) system.log.out(await structured(document, "json"));
    else system.log.say(`There is a sign-in at ${about} already; it stays`);
    return 0;
  }
  const found = await bestOf(directory, place, system);
  if (found === undefined)
    throw new KnownError(
      "OIDC_NOT_SIGNED_IN",
      `Cannot ${wish}: kubelogin has none at ${about} in "${directory}"`,
      { hint: "Name its cache with --from, or sign in: kauth oidc login." },
    );
  const entry: Entry = { ...found.entry, about: { issuer, clientId, account } };
  if (!(await storage.write(key, entry)))
    throw new KnownError("OIDC_NOT_SIGNED_IN", `Cannot ${wish}: it could not be kept`, {
      hint: "See the warning above; kubelogin's entry is left as it was.",
    });
  const left = await giveUp(found.path, invocation);
  const one = described({ key, about: entry.about, entry, storage: "disk" }, system.now());
  const document: ImportDocument = { imported: true, entry: one, removed: left === undefined };
  if (asJson) system.log.out(await structured(document, "json"));
  else
    system.log.say(
      `Imported the sign-in of ${one.name ?? one.subject ?? "somebody"} at ${about}${one.renews ? ", which is renewed without asking" : ""}`,
    );
  if (left !== undefined && one.renews)
    system.log.warn(`${left}. Do not use both tools: a refresh token that is good once is lost to the other`);
  return 0;
}

/** Only once ours is on the disk. Resolves to why kubelogin's is still there. */
const giveUp = async (path: string, { system, options }: Invocation): Promise<string | undefined> => {
  if (options.boolean("keep")) return `kubelogin's entry ${path} is left`;
  try {
    await system.files.remove(path);
    return undefined;
  } catch (error) {
    return `kubelogin's entry ${path} cannot be removed: ${messageOf(error)}`;
  }
};

/** Of several the one that is good for longest. */
const bestOf = async (directory: string, place: Place, system: System): Promise<Foreign | undefined> => {
  const found: Foreign[] = [];
  for (const name of await system.files.list(directory).catch((): readonly string[] => [])) {
    if (!NAME.test(name)) continue;
    const one = await readForeign(join(directory, name), place, system);
    if (one !== undefined) found.push(one);
  }
  return found.toSorted((left, right) => right.end - left.end)[0];
};

const readForeign = async (
  path: string,
  { settings }: Place,
  { files, uid }: System,
): Promise<Foreign | undefined> => {
  const facts = await files.nameFacts(path);
  if (facts?.kind !== "file" || (uid !== undefined && facts.uid !== uid)) return undefined;
  const content = await files.read(path, LIMIT).catch(() => undefined);
  const entry = parse(content?.toString("utf8") ?? "");
  const said = saidBy(entry?.idToken);
  if (entry === undefined || said === undefined) return undefined;
  const audience = [said["aud"]].flat();
  if (said["iss"] !== settings.issuer || !audience.includes(settings.clientId)) return undefined;
  return { path, entry, end: credentialOf(entry, false)?.end ?? 0 };
};

const parse = (content: string): Entry | undefined => {
  try {
    const { id_token: id, refresh_token: refresh } = shape(parseQuietly(content), "");
    if (id === "") return undefined;
    return {
      idToken: new Secret(id),
      refreshToken: refresh === "" ? undefined : new Secret(refresh),
      accessToken: undefined,
      expiresAt: undefined,
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};
