import { KnownError } from "../../base/errors.ts";

/** logrus's names, and how much of ours they are. */
const LEVELS: ReadonlyMap<string, number> = new Map([
  ["panic", 0],
  ["fatal", 0],
  ["error", 0],
  ["warning", 0],
  ["warn", 0],
  ["info", 0],
  ["debug", 4],
  ["trace", 6],
]);

/** @throws {KnownError} USAGE */
export const namedLevel = (name: string): number => {
  const level = LEVELS.get(name.toLowerCase());
  if (level !== undefined) return level;
  const names = [...LEVELS.keys()].filter((each) => each !== "warn");
  throw new KnownError(
    "USAGE",
    `Invalid log level ${JSON.stringify(name)}. Valid values are: ${names.join(", ")}`,
  );
};

/** aws-iam-authenticator's global flags that take a value. */
const AUTHENTICATOR_VALUES: ReadonlySet<string> = new Set([
  "-c",
  "--config",
  "-i",
  "--cluster-id",
  "-l",
  "--log-format",
  "-v",
  "--log-verbosity",
  "--feature-gates",
]);

/** Those of `aws` that count for us; the others have no place here. */
const AWS_VALUES: ReadonlySet<string> = new Set(["--region", "--profile", "--output"]);

/** What stands before the command's words, and the rest. */
const leading = (
  words: readonly string[],
  takesValue: ReadonlySet<string>,
): readonly [before: readonly string[], rest: readonly string[]] => {
  let at = 0;
  while (words[at]?.startsWith("-") === true && words[at] !== "--")
    at += takesValue.has(words[at] ?? "") ? 2 : 1;
  return [words.slice(0, at), words.slice(at)];
};

/**
 * A command line of aws-iam-authenticator as one of kauth: its global flags may stand before the command, and its `-v`
 * is the level's name.
 */
export const authenticatorWords = (words: readonly string[]): readonly string[] => {
  const [before, [command, ...after]] = leading(words, AUTHENTICATOR_VALUES);
  if (command === undefined) return ["iam", "--help"];
  if (command === "completion") return [command, ...after];
  if (command === "help") return ["iam", ...after, "--help"];
  return [
    "iam",
    command,
    ...[...before, ...after].map((word) => word.replace(/^-v(?==|$)/, "--log-verbosity")),
  ];
};

/** `--region R eks get-token …` of `aws` as `iam get-token …`; undefined where it is no such line. */
export const awsWords = (words: readonly string[]): readonly string[] | undefined => {
  if (!words.includes("get-token")) return undefined;
  const [before, [service, command, ...after]] = leading(words, AWS_VALUES);
  return service === "eks" && command === "get-token" ? ["iam", "get-token", ...before, ...after] : undefined;
};
