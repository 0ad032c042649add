import { join } from "node:path";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import { places } from "../base/places.ts";
import { readPlainYaml } from "../base/plain-yaml.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";
import type { UserPreset } from "../ui/index.ts";
import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { ContextLook } from "./config-contexts.ts";
import { FieldError, type Field } from "./config-field.ts";
import { isTrue, nearest, valueFault } from "./options.ts";

/** A few settings a command. */
const CONFIG_LIMIT = KiB(256);
export const CONFIG_VERSION = 1;

export interface Config {
  /** Options by their long names, of commands by their words. */
  readonly commands: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** UIs of the person's own, and what they say of others. */
  readonly presets: readonly UserPreset[];
  /** How contexts of the kubeconfig are marked, by their names. */
  readonly contexts: ReadonlyMap<string, ContextLook>;
}

export const NO_CONFIG: Config = { commands: new Map(), presets: [], contexts: new Map() };

/** Blocks that are for no command. Their code is loaded where a file has them. */
const BLOCKS = ["presets", "contexts"] as const;

/**
 * config.yaml: `version: 1`, then a block for each command with its options by their long names, `presets` and
 * `contexts`. `docs/config.schema.json` is its schema.
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
    if (!named && (code === "ENOENT" || code === "ENOTDIR")) return NO_CONFIG;
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
  return await readConfig(document, path);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws {KnownError} CONFIG_INVALID */
export const readConfig = async (document: unknown, path: string): Promise<Config> => {
  const invalid: Invalid = (what, hint) =>
    new KnownError("CONFIG_INVALID", `Cannot use "${path}": ${what}`, hint === undefined ? {} : { hint });
  if (document === undefined || document === null) return NO_CONFIG;
  if (!isObject(document)) throw invalid("it must be a mapping");
  const { version, presets, contexts, ...blocks } = document;
  if (typeof version === "number" && version > CONFIG_VERSION)
    throw invalid(`version ${version} is newer than this kauth knows`, "Update kauth");
  if (version !== CONFIG_VERSION)
    throw invalid(`"version" must be ${CONFIG_VERSION}`, `Begin it with a line: version: ${CONFIG_VERSION}`);
  const commands = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const [key, block] of Object.entries(blocks)) {
    const command = COMMANDS.find((each) => each.path.join(" ") === key);
    if (command === undefined)
      throw unknownKey(key, [...COMMANDS.map((each) => each.path.join(" ")), ...BLOCKS], invalid);
    if (!isObject(block)) throw invalid(`"${key}" must be a mapping`);
    commands.set(
      key,
      new Map(Object.entries(block).map(([name, value]) => [name, values(command, name, value, invalid)])),
    );
  }
  return {
    commands,
    presets:
      presets === undefined
        ? []
        : readField((await import("./config-presets.ts")).presetsField, presets, "presets", invalid),
    contexts:
      contexts === undefined
        ? new Map()
        : readField((await import("./config-contexts.ts")).contextsField, contexts, "contexts", invalid),
  };
};

const readField = <T>(field: Field<T>, value: unknown, key: string, invalid: Invalid): T => {
  try {
    return field.read(value, key);
  } catch (error) {
    throw error instanceof FieldError ? invalid(error.message, error.hint) : error;
  }
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
export const isSetting = ({ ignored, env }: OptionSpec): boolean => ignored !== true && env !== false;

const settingsOf = ({ path, options }: Command): readonly string[] =>
  Object.entries(options)
    .filter(([, spec]) => isSetting(spec))
    .map(([name]) => `${path.join(" ")}.${name}`);
