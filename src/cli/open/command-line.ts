import type { Invocation, OptionSpec, ParsedOptions } from "../command.ts";
import { foundText, type FoundUi } from "./search.ts";

/** What says where to look, how to tell, or is another target's. */
const LEFT_OUT: ReadonlySet<string> = new Set(["namespace", "list", "output", "print-link"]);
/** Their values are no one's to read. */
const SECRET: ReadonlySet<string> = new Set(["token", "password"]);

/** For a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Options as they were given, so that another command does the same. What `secret` names is shown as `…`. */
export const optionWords = (
  options: ParsedOptions,
  specs: Readonly<Record<string, OptionSpec>>,
  how: { readonly leftOut: ReadonlySet<string>; readonly secret: ReadonlySet<string> },
): readonly string[] =>
  Object.entries(specs).flatMap(([name, spec]): readonly string[] => {
    if (spec.ignored === true || how.leftOut.has(name)) return [];
    const shown = (value: string): string => (how.secret.has(name) ? "…" : quoted(value));
    switch (spec.type) {
      case "boolean":
        return options.boolean(name) ? [`--${name}`] : [];
      case "list":
        return options.list(name).flatMap((value) => [`--${name}`, shown(value)]);
      case "count":
        return [];
      case "string": {
        const value = options.string(name);
        if (value === undefined || value === "" || value === spec.default) return [];
        return [`--${name}`, shown(value)];
      }
    }
  });

/** The command that opens just this one, with whatever else was asked for. */
export function commandOf(
  { options, program }: Pick<Invocation, "options" | "program">,
  specs: Readonly<Record<string, OptionSpec>>,
  found: FoundUi,
): string {
  const more = optionWords(options, specs, { leftOut: LEFT_OUT, secret: SECRET });
  const open = program === "kubectl-auth_proxy" ? "kubectl auth-proxy" : "kauth open";
  return [open, foundText(found), "-n", found.namespace, ...more].join(" ");
}
