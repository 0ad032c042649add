import type { OptionSpec, ParsedOptions } from "./command.ts";

/** Text, or JSON for a program. */
export const OUTPUT = {
  type: "string",
  short: "o",
  value: "FORMAT",
  choices: ["text", "json"],
  default: "text",
  summary: "json: one object on stdout",
} as const satisfies OptionSpec;

/** The same where no variable says it. */
export const OUTPUT_OPTION = {
  output: { ...OUTPUT, env: false },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const wantsJson = (options: ParsedOptions): boolean => options.string("output") === "json";
