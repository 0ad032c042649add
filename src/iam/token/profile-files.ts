import { posix, win32 } from "node:path";
import { systemCode } from "../../base/errors.ts";
import type { FileFacts } from "../../base/files.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import { parseIni, type IniSection } from "./ini.ts";

/** The person's shared files, both read and joined. */
export interface SharedFiles {
  /** By the profile's name, without the word `profile`. */
  readonly profiles: ReadonlyMap<string, IniSection>;
  readonly ssoSessions: ReadonlyMap<string, IniSection>;
  readonly services: ReadonlyMap<string, IniSection>;
  /** The file that profiles are made in, for messages. */
  readonly configPath: string;
  /** The files that were read, with what they were then: whoever may write them chooses programs that run. */
  readonly origins: readonly FileOrigin[];
}

export interface FileOrigin {
  readonly path: string;
  readonly facts: FileFacts;
}

/** People with hundreds of accounts have some 100 KB. */
const FILE_LIMIT = MiB(4);

/**
 * Reads `~/.aws/config` and `~/.aws/credentials`, or what `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name
 * instead. A file that is not there holds nothing, and neither does one that cannot be read, which is said.
 * @throws {KnownError} FILE_TOO_LARGE
 */
export async function readSharedFiles(system: System): Promise<SharedFiles> {
  const configPath = sharedPath("AWS_CONFIG_FILE", "config", system);
  const config = await readIni(configPath, system);
  const credentials = await readIni(sharedPath("AWS_SHARED_CREDENTIALS_FILE", "credentials", system), system);
  const origins = [config.origin, credentials.origin].filter((each) => each !== undefined);
  return { ...joinFiles(config.sections, credentials.sections), configPath, origins };
}

/** Below the home that the SDKs know; `~/` in a variable is that home too. */
const sharedPath = (variable: string, name: string, { env, home, platform }: System): string => {
  const path = platform === "win32" ? win32 : posix;
  const named = env[variable] ?? "";
  if (named === "") return path.join(home, ".aws", name);
  return /^~[/\\]/.test(named) ? path.join(home, named.slice(2)) : named;
};

interface IniFile {
  readonly sections: ReadonlyMap<string, IniSection>;
  readonly origin: FileOrigin | undefined;
}

const readIni = async (path: string, system: System): Promise<IniFile> => {
  try {
    const { content, facts } = await system.files.readWithFacts(path, FILE_LIMIT);
    return { sections: parseIni(content.toString("utf8")), origin: { path, facts } };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code !== "ENOENT") system.log.say(`Cannot read "${path}": ${code}; going on without it`);
    return { sections: new Map(), origin: undefined };
  }
};

/**
 * Profiles of the config file need the word `profile` in front, but for `default`; where both ways are there, the word
 * wins. Those of the credentials file have none, and win key by key; the keys of an access key stay together.
 */
export function joinFiles(
  config: ReadonlyMap<string, IniSection>,
  credentials: ReadonlyMap<string, IniSection>,
): Omit<SharedFiles, "configPath" | "origins"> {
  const named = (word: string): Map<string, IniSection> =>
    new Map(
      [...config].flatMap(([name, section]) =>
        name.startsWith(`${word} `) ? [[name.slice(word.length + 1), section] as const] : [],
      ),
    );
  const profiles = named("profile");
  const plain = config.get("default");
  if (plain !== undefined && !profiles.has("default")) profiles.set("default", plain);
  for (const [name, section] of credentials)
    if (!name.startsWith("profile ")) profiles.set(name, joined(profiles.get(name), section));
  return { profiles, ssoSessions: named("sso-session"), services: named("services") };
}

const ACCESS_KEY = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] as const;

const joined = (under: IniSection | undefined, over: IniSection): IniSection => {
  if (under === undefined) return over;
  const values = new Map(under.values);
  // Otherwise the session token of one access key would go with another.
  if (over.values.has(ACCESS_KEY[0]) || over.values.has(ACCESS_KEY[1]))
    for (const key of ACCESS_KEY) values.delete(key);
  for (const [key, value] of over.values) values.set(key, value);
  return { values, nested: new Map([...under.nested, ...over.nested]) };
};
