import * as util from "node:util";
import { KnownError } from "../base/errors.ts";
import type { Command, Invocation, OptionSpec, ParsedOptions } from "./command.ts";

export interface ParsedLine {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

interface Token {
  readonly kind: string;
  readonly name?: string;
  readonly rawName?: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/**
 * Words → options, in the forms that Go's flag libraries take: `--flag=true`, `--flag value`, `-n=ns`, `-n ns`, `-v=4`,
 * `-v 4`, `-vvv`, `--` (decisions.md "Flags"). `parseArgs` is only the lexer under it.
 * @throws {KnownError} USAGE
 */
export function parseLine(args: readonly string[], specs: Readonly<Record<string, OptionSpec>>): ParsedLine {
  const found = new Map<string, string[]>();
  const positionals: string[] = [];
  const shorts = new Map(
    Object.entries(specs).flatMap(([name, spec]) =>
      spec.short === undefined ? [] : [[spec.short, name] as const],
    ),
  );
  const add = (name: string, value: string): void => {
    found.set(name, [...(found.get(name) ?? []), value]);
  };
  const words = [...args];
  for (let index = 0; index < words.length; index++) {
    // Only here is it known that the word is no option's value and not behind `--`.
    words.splice(index, 1, ...splitShort(words[index] ?? "", shorts, specs));
    const word = words[index] ?? "";
    const [token] = lex(word);
    if (word === "--") {
      positionals.push(...words.slice(index + 1));
      break;
    }
    if (token === undefined || token.kind !== "option" || word === "-") {
      positionals.push(word);
      continue;
    }
    const raw = token.rawName ?? "";
    const name = raw.startsWith("--") ? raw.slice(2) : (shorts.get(raw.slice(1)) ?? raw.slice(1));
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) throw unknownOption(raw, specs);
    const next = words[index + 1];
    const takesNext =
      spec.type === "string" || spec.type === "list" || (spec.type === "count" && /^\d+$/.test(next ?? ""));
    if (token.inlineValue === true) add(name, checked(`--${name}`, token.value ?? "", spec));
    else if (!takesNext) add(name, spec.type === "count" ? "1" : "true");
    else if (next === undefined) throw new KnownError("USAGE", `Cannot use ${raw}: it needs a value`);
    else {
      add(name, checked(`--${name}`, next, spec));
      index += 1;
    }
  }
  return { options: found, positionals };
}

const lex = (word: string): readonly Token[] =>
  util.parseArgs({ args: [word], strict: false, tokens: true, allowPositionals: true }).tokens;

/** `-n=ns` → `--namespace=ns`, `-nns` → `--namespace=ns`, `-vvv` → three counts, `-v4` → 4: the lexer knows no types. */
const splitShort = (
  word: string,
  shorts: ReadonlyMap<string, string>,
  specs: Readonly<Record<string, OptionSpec>>,
): readonly string[] => {
  if (!/^-[A-Za-z]/.test(word) || word.length === 2) return [word];
  const name = shorts.get(word.charAt(1));
  if (name === undefined) return [word];
  const rest = word.slice(2);
  if (rest.startsWith("=")) return [`--${name}${rest}`];
  if (specs[name]?.type === "count" && rest.replaceAll(word.charAt(1), "") === "")
    return Array.from({ length: rest.length + 1 }, () => `--${name}`);
  if (specs[name]?.type === "boolean") return [`--${name}`, `-${rest}`];
  return [`--${name}=${rest}`];
};

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

export const isTrue = (value: string): boolean => TRUE.has(value);

/** What is wrong with a value; undefined where nothing is. */
export const valueFault = (value: string, spec: OptionSpec): string | undefined => {
  if (spec.type === "boolean" && !TRUE.has(value) && !FALSE.has(value)) return "it must be true or false";
  if (spec.ignored === true) return undefined;
  if (spec.type === "count" && !/^\d+$/.test(value)) return "it must be a number";
  if (spec.choices === undefined || spec.choices.includes(value)) return undefined;
  return `it must be one of ${spec.choices.join(", ")}`;
};

/** `from` is what a person has to correct: an option, or a variable. @throws {KnownError} USAGE */
const checked = (from: string, value: string, spec: OptionSpec): string => {
  const fault = valueFault(value, spec);
  if (fault === undefined) return spec.type === "boolean" ? String(isTrue(value)) : value;
  throw new KnownError("USAGE", `Cannot use ${from}=${JSON.stringify(value)}: ${fault}`);
};

const unknownOption = (raw: string, specs: Readonly<Record<string, OptionSpec>>): KnownError => {
  const names = Object.entries(specs)
    .filter(([, spec]) => spec.ignored !== true)
    .map(([name]) => name);
  const near = nearest(raw.replace(/^-+/, ""), names);
  return new KnownError("USAGE", `Cannot use ${raw}: there is no such option`, {
    hint: near === undefined ? "See --help" : `Did you mean --${near}?`,
  });
};

/** The name that takes the fewest changes, if these are few. */
export const nearest = (word: string, names: readonly string[]): string | undefined => {
  const ranked = names
    .map((name) => ({ name, far: distance(word, name) }))
    .toSorted((left, right) => left.far - right.far);
  const [best] = ranked;
  return best !== undefined && best.far <= Math.max(2, Math.floor(word.length / 3)) ? best.name : undefined;
};

/** Levenshtein's, on words as short as option names. */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_value, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++)
      next.push(
        Math.min(
          (next[j - 1] ?? 0) + 1,
          (row[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[right.length] ?? 0;
};

export interface Layers {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of config.yaml by option name. */
  readonly config: ReadonlyMap<string, readonly string[]>;
}

/** `KAUTH_OPEN_TUNNEL` for `--tunnel` of `open`. */
export const variableOf = (
  command: Pick<Command, "path">,
  name: string,
  spec: OptionSpec,
): string | undefined => {
  if (spec.env === false || spec.ignored === true) return undefined;
  if (spec.env !== undefined) return spec.env;
  return `KAUTH_${[...command.path, name].join("_").replaceAll("-", "_").toUpperCase()}`;
};

/** Flag > `KAUTH_…` variable > config.yaml > default. @throws {KnownError} USAGE */
export function resolveOptions(
  command: Pick<Command, "path" | "options">,
  line: ParsedLine,
  layers: Layers,
): ParsedOptions {
  const values = (name: string): readonly string[] => {
    const spec = command.options[name];
    if (spec === undefined) throw new TypeError(`"${name}" is no option of ${command.path.join(" ")}`);
    const flag = line.options.get(name);
    if (flag !== undefined) return flag;
    const variable = variableOf(command, name, spec);
    const fromEnv = variable === undefined ? undefined : layers.env[variable];
    if (fromEnv !== undefined && fromEnv !== "") return [checked(variable ?? name, fromEnv, spec)];
    const fromFile = layers.config.get(name);
    // They were checked with their file.
    if (fromFile !== undefined) return fromFile;
    return spec.default === undefined ? [] : [spec.default];
  };
  const options: ParsedOptions = {
    boolean: (name) => values(name).at(-1) === "true",
    string: (name) => values(name).at(-1),
    list: (name) => values(name),
    count: (name) => {
      const all = values(name);
      const given = all.at(-1);
      // `-v -v` counts, `-v=4` is the number itself.
      return all.every((value) => value === "1") ? all.length : Number(given ?? "0");
    },
  };
  return options;
}

/** For a command that takes none. `wish` is what it does, e.g. `print a token`. @throws {KnownError} USAGE */
export const refuseOperands = ({ positionals }: Invocation, wish: string): void => {
  if (positionals.length > 0)
    throw new KnownError("USAGE", `Cannot ${wish}: unexpected "${positionals.join(" ")}"`);
};
