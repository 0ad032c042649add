import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS, commandsBelow } from "./commands.ts";
import { COMMON_OPTIONS, KUBECTL_OPTIONS } from "./globals.ts";
import { variableOf } from "./options.ts";

const WIDTH = 78;
const INDENT = 6;

/** With its meaning. */
type ExitStatus = readonly [string, string];

/** What a script may rely on. */
export const exitStatuses = ({ exit, lasting = false }: Command): readonly ExitStatus[] => [
  ["0", exit.done],
  ["1", exit.failed],
  ["2", exit.refused],
  ["70", "A fault of kauth's own."],
  ...(lasting
    ? [["130", "Ended at once by a second signal."] as const]
    : [
        ["130", "Ended by Ctrl-C, or at once by a second signal."] as const,
        ["143", "Ended by SIGTERM."] as const,
      ]),
];

const wrap = (text: string, indent: number): string => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((each) => " ".repeat(indent) + each).join("\n");
};

/** `-n, --namespace NAME` */
export const optionTitle = (name: string, spec: OptionSpec): string => {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  return `${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`;
};

export const optionText = (command: Command, name: string, spec: OptionSpec): string => {
  const values = spec.choices ?? spec.suggests;
  const choices = values === undefined ? "" : ` One of ${values.join(", ")}.`;
  const otherwise = spec.default === undefined ? "" : ` Default: ${spec.default}.`;
  const variable = variableOf(command, name, spec);
  const summary = /[.!?]$/.test(spec.summary) ? spec.summary : `${spec.summary}.`;
  return `${summary}${choices}${otherwise}${variable === undefined ? "" : ` [${variable}]`}`;
};

/** Whether it means what it means to kubectl. */
export const isKubectls = (name: string, spec: OptionSpec): boolean =>
  spec.own !== true && Object.hasOwn(KUBECTL_OPTIONS, name);

/** Under the name of another tool. */
const DROP_IN_STATUS: readonly ExitStatus[] = [
  ["0", "Done, or ended by you."],
  ["1", "Any failure."],
  ["130", "Ended at once by a second signal."],
];

/** `below`: words that commands begin with which stand beside this one, where it needs no word itself. */
export const commandHelp = (command: Command, program: string, below?: readonly string[]): string => {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS } as Record<string, OptionSpec>);
  const rows = (kubectls: boolean): readonly string[] =>
    options
      .filter(([name, spec]) => spec.ignored !== true && isKubectls(name, spec) === kubectls)
      .map(
        ([name, spec]) => `  ${optionTitle(name, spec)}\n${wrap(optionText(command, name, spec), INDENT)}`,
      );
  const kubectls = rows(true);
  const usage = [program, "[OPTIONS]", command.operands].filter((part) => part !== "").join(" ");
  const calledAs = (line: string): string => line.replace(`kauth ${command.path.join(" ")}`, program);
  const examples = command.examples.map((each) => `  ${calledAs(each.command)}\n${wrap(each.does, INDENT)}`);
  return [
    `${command.summary}.`,
    "",
    wrap(command.description, 0),
    "",
    `Usage: ${usage}`,
    "",
    "Examples:",
    ...examples,
    "",
    ...(below === undefined ? [] : [...commandsHelp(below, program, command), ""]),
    "Options:",
    ...rows(false),
    ...(kubectls.length === 0 ? [] : ["", "Options that mean what they mean to kubectl:", ...kubectls]),
    "",
    "Exit status:",
    ...(program.startsWith("kauth ") ? exitStatuses(command) : DROP_IN_STATUS).map(
      ([status, means]) => `${`  ${status}`.padEnd(INDENT)}${wrap(means, INDENT).trimStart()}`,
    ),
  ].join("\n");
};

/** The commands that begin with these words. `program`: the name that stands for them. */
export const groupHelp = (words: readonly string[], program = `kauth ${words.join(" ")}`): string =>
  [`Usage: ${program} COMMAND [OPTIONS]`, "", ...commandsHelp(words, program)].join("\n");

const commandsHelp = (words: readonly string[], program: string, but?: Command): readonly string[] => [
  "Commands:",
  ...commandsBelow(words)
    .filter((command) => command !== but)
    .map(({ path, summary }) => `  ${path.slice(words.length).join(" ").padEnd(16)}${summary}`),
  "",
  `${program} COMMAND --help explains a command.`,
];

/** Few names are so long that the others need not stand back for them. */
const nameColumn = (name: string): string => name.padEnd(name.length < 15 ? 15 : 20);

export const programHelp = (): string =>
  [
    "kauth opens web UIs in Kubernetes already signed in as you, and signs kubectl in",
    "with OpenID Connect and AWS IAM.",
    "",
    "Usage: kauth COMMAND [OPTIONS]",
    "",
    "Commands:",
    ...COMMANDS.map((command) => `  ${nameColumn(command.path.join(" "))}${command.summary}`),
    "",
    "kauth COMMAND --help explains a command. kauth --version prints the version.",
    "-v=LEVEL, up to 9, makes every command say more; no level shows a secret.",
    "As kubectl-auth_proxy on the PATH it is kubectl auth-proxy, with the options of",
    "kauth open; as kubectl-oidc_login it is kubectl oidc-login, with the commands of",
    "kauth oidc. kauth eks get-token is kauth iam get-token.",
    "",
    "Settings, exit status and error codes: the pages in docs/ of the package.",
  ].join("\n");
