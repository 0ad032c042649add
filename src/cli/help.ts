import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { COMMON_OPTIONS } from "./globals.ts";
import { variableOf } from "./options.ts";

const WIDTH = 78;
const INDENT = 6;

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
  const choices = spec.choices === undefined ? "" : ` One of ${spec.choices.join(", ")}.`;
  const otherwise = spec.default === undefined ? "" : ` Default: ${spec.default}.`;
  const variable = variableOf(command, name, spec);
  const summary = /[.!?]$/.test(spec.summary) ? spec.summary : `${spec.summary}.`;
  return `${summary}${choices}${otherwise}${variable === undefined ? "" : ` [${variable}]`}`;
};

export const commandHelp = (command: Command, program: string): string => {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS } as Record<string, OptionSpec>)
    .filter(([, spec]) => spec.ignored !== true)
    .map(([name, spec]) => `  ${optionTitle(name, spec)}\n${wrap(optionText(command, name, spec), INDENT)}`);
  const usage = [program, "[OPTIONS]", command.operands].filter((part) => part !== "").join(" ");
  const examples = command.examples.map((each) => `  ${each.command}\n${wrap(each.does, INDENT)}`);
  return [
    `${command.summary}.`,
    "",
    command.description,
    "",
    `Usage: ${usage}`,
    "",
    "Examples:",
    ...examples,
    "",
    "Options:",
    ...options,
    "",
    "Exit status: 0 done; 1 the world failed (rights, plugin, network, port taken);",
    "2 refused before anything was dialled (bad input, unsafe set-up); 70 a fault of kauth's own.",
  ].join("\n");
};

export const programHelp = (): string =>
  [
    "kauth opens web UIs in Kubernetes already signed in as you.",
    "",
    "Usage: kauth COMMAND [OPTIONS]",
    "",
    "Commands:",
    ...COMMANDS.map((command) => `  ${command.path.join(" ").padEnd(12)}${command.summary}`),
    "",
    "kauth COMMAND --help explains a command.",
  ].join("\n");
