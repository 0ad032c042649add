import { join } from "node:path";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import { places } from "../base/places.ts";
import { readPlainYaml } from "../base/plain-yaml.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";
import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { isTrue, nearest, valueFault } from "./options.ts";

/** A few settings a command. */
const CONFIG_LIMIT = KiB(256);
const CONFIG_VERSION = 1;

export type Config = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/**
 * config.yaml: `version: 1`, then a block for each command with its options by their long names.
 * Options that name a credential have no place in it; unknown keys are refused by name.
 * @throws {KnownError} CONFIG_INVALID
 */
export async function loadConfig(system: System): Promise<Config> {
  const own = system.env["KAUTH_CONFIG"];
  const named = own !== undefined && own !== "";
  const path = named ? own : join(places(system).config, "config.yaml");
  let text: string;
  try {
    text = (await system.files.read(path, CONFIG_LIMIT)).toString("utf8");
  } catch (error) {
    const code = systemCode(error);
    if (!named && (code === "ENOENT" || code === "ENOTDIR")) return new Map();
    throw new KnownError("CONFIG_INVALID", `Cannot read "${path}": ${messageOf(error)}`, {
      cause: error,
      hint: named ? "Correct KAUTH_CONFIG, or unset it" : "Make it a file that you can read, or remove it",
    });
  }
  let document = readPlainYaml(text);
  try {
    document ??= (await import("yaml")).parse(text, { maxAliasCount: 0, uniqueKeys: true });
  } catch (error) {
    const [reason = ""] = messageOf(error).split("\n", 1);
    throw new KnownError("CONFIG_INVALID", `Cannot read "${path}": ${reason.replace(/:$/, "")}`, {
      cause: error,
      hint: "Correct the YAML there",
    });
  }
  return readConfig(document, path);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const readConfig = (document: unknown, path: string): Config => {
  const invalid: Invalid = (what, hint) =>
    new KnownError("CONFIG_INVALID", `Cannot use "${path}": ${what}`, hint === undefined ? {} : { hint });
  if (document === undefined || document === null) return new Map();
  if (!isObject(document)) throw invalid("it must be a mapping");
  const { version, ...blocks } = document;
  if (version !== CONFIG_VERSION)
    throw invalid(
      typeof version === "number" && version > CONFIG_VERSION
        ? `version ${version} is newer than this kauth knows`
        : `"version" must be ${CONFIG_VERSION}`,
    );
  const config = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [key, block] of Object.entries(blocks)) {
    const command = COMMANDS.find((each) => each.path.join(" ") === key);
    if (command === undefined)
      throw unknownKey(
        key,
        COMMANDS.map((each) => each.path.join(" ")),
        invalid,
      );
    if (!isObject(block)) throw invalid(`"${key}" must be a mapping`);
    config.set(
      key,
      new Map(Object.entries(block).map(([name, value]) => [name, values(command, name, value, invalid)])),
    );
  }
  return config;
};

type Invalid = (what: string, hint?: string) => KnownError;

const unknownKey = (key: string, keys: readonly string[], invalid: Invalid): KnownError => {
  const near = nearest(key, keys);
  return invalid(`unknown key "${key}"`, near === undefined ? undefined : `Did you mean ${near}?`);
};

const values = (command: Command, name: string, value: unknown, invalid: Invalid): readonly string[] => {
  const key = `${command.path.join(" ")}.${name}`;
  const spec = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (spec === undefined || !isSetting(spec)) throw unknownKey(key, settingsOf(command), invalid);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) && spec.type !== "list") throw invalid(`"${key}" must be one value, not a list`);
  return list.map((item) => {
    if (typeof item !== "string" && typeof item !== "number" && typeof item !== "boolean")
      throw invalid(`"${key}" must be text, a number, or true or false`);
    const text = String(item);
    const fault = valueFault(text, spec);
    if (fault !== undefined)
      throw invalid(`"${key}" is ${JSON.stringify(text)}: ${fault}`, `Correct "${key}" there`);
    return spec.type === "boolean" ? String(isTrue(text)) : text;
  });
};

/** What has no variable is kubectl's: it belongs on the command line or into the kubeconfig. */
const isSetting = ({ ignored, env }: OptionSpec): boolean => ignored !== true && env !== false;

const settingsOf = ({ path, options }: Command): readonly string[] =>
  Object.entries(options)
    .filter(([, spec]) => isSetting(spec))
    .map(([name]) => `${path.join(" ")}.${name}`);
