import { isDeepStrictEqual } from "node:util";
import { fallback, list, record, unknown } from "../base/decode.ts";
import type { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { parseKubeconfig } from "./parse.ts";
import { means, rewriteFile, unwritableFile } from "./rewrite.ts";
import { json, withMap, writeMap } from "./splice.ts";
import { parseJsonText, parseYaml, readDocuments } from "./yaml.ts";

/**
 * Replaces the whole `auth-provider.config` of a user, as client-go's persister does (credentials.md §1.3). Nothing else
 * of the file changes, and nothing at all where the user or its auth-provider is no longer there. The file is read
 * again under its lock, so what another program wrote in between stays. A reader, and a crash at any moment, finds the
 * old file or the new one.
 * @throws {KnownError} KUBECONFIG_LOCKED, KUBECONFIG_UNWRITABLE, KUBECONFIG_INVALID
 */
export async function persistAuthProvider(
  target: { readonly path: string; readonly user: string },
  config: ReadonlyMap<string, string>,
  system: System,
): Promise<void> {
  await edit(target, config, system, async (path, text) => await system.files.replace(path, text));
}

/**
 * Does all of `persistAuthProvider` but the writing: what would fail then fails here, before a refresh token that is good
 * once is spent. @throws {KnownError} the same
 */
export async function proveWritable(
  target: { readonly path: string; readonly user: string },
  config: ReadonlyMap<string, string>,
  system: System,
): Promise<void> {
  await edit(target, config, system, async (path) => await system.files.proveReplaceable(path));
}

const edit = async (
  target: { readonly path: string; readonly user: string },
  config: ReadonlyMap<string, string>,
  system: System,
  write: (path: string, text: string) => Promise<void>,
): Promise<void> => {
  const { path, user } = target;
  await rewriteFile(path, { what: `the new credential of user "${user}"`, system, write }, async (text) => {
    const { authProvider } = (await parseKubeconfig(text, { path })).users.get(user)?.value ?? {};
    if (authProvider === undefined || isDeepStrictEqual(authProvider.config, config)) return undefined;
    return await editConfig(text, user, config, path);
  });
};

const unwritable = (user: string, path: string, reason: string): KnownError =>
  unwritableFile(`the new credential of user "${user}"`, path, reason);

/** The text with another map for that user. What comes out is read again and compared before anybody gets it. */
const editConfig = async (
  text: string,
  user: string,
  config: ReadonlyMap<string, string>,
  path: string,
): Promise<string> => {
  if ([...config].flat().some((part) => /\p{Surrogate}/u.test(part)))
    throw unwritable(user, path, "it holds half of a character, and kubectl would refuse the file");
  const old = await parseYaml(text);
  const users = fallback(list(unknown), [])(record(old, "")["users"], "users");
  const index = users.findIndex((entry) => (entry === null ? "" : record(entry, "")["name"]) === user);
  const place = ["users", index, "user", "auth-provider", "config"] as const;
  const edited = await splice(text, place, config);
  const wanted = withMap(old, place, config);
  const isJson = parseJsonText(text) !== undefined;
  if (edited !== undefined && (await means(edited, wanted, isJson))) return edited;
  // JSON that YAML's parser does not like, for instance because of its tabs.
  if (isJson) return `${json(wanted, /^[ \t]+(?=")/m.exec(text)?.[0])}\n`;
  throw unwritable(user, path, "its auth-provider is written in a way that kauth cannot change without harm");
};

const splice = async (
  text: string,
  place: readonly (string | number)[],
  config: ReadonlyMap<string, string>,
): Promise<string | undefined> => {
  const [document] = await readDocuments(text, { keepSourceTokens: true });
  if (document === undefined || document.errors.length > 0) return undefined;
  try {
    return writeMap({ text, document, yaml: await import("yaml") }, place, config);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};
