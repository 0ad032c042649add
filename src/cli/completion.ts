import { KnownError } from "../base/errors.ts";
import type { Command, Invocation, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { SHELLS } from "./commands/completion.ts";
import { COMMON_OPTIONS } from "./globals.ts";

const optionsOf = (command: Command): readonly (readonly [string, OptionSpec])[] =>
  Object.entries({ ...command.options, ...COMMON_OPTIONS } as Record<string, OptionSpec>).filter(
    ([, spec]) => spec.ignored !== true,
  );

const operandsOf = (command: Command): readonly string[] =>
  command.path[0] === "completion" ? SHELLS : command.operands.includes("TARGET") ? ["svc/", "pod/"] : [];

/** What may stand next: the candidates for the last of `words`. */
export const candidates = (words: readonly string[]): readonly string[] => {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = COMMANDS.find((each) => before[0] === each.path[0]);
  const starts = (list: readonly string[]): readonly string[] =>
    list.filter((each) => each.startsWith(current));
  if (command === undefined) return starts(COMMANDS.map((each) => each.path[0] ?? ""));
  const previous = /^--(.+)/.exec(before.at(-1) ?? "")?.[1];
  const pending = optionsOf(command).find(
    ([name, spec]) => name === previous && spec.type !== "boolean",
  )?.[1];
  if (pending !== undefined) return starts(pending.choices ?? []);
  if (current.startsWith("-")) return starts(optionsOf(command).map(([name]) => `--${name}`));
  return starts(operandsOf(command));
};

const bash = (): string => `# bash completion of kauth
_kauth() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(kauth __complete "\${words[@]}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _kauth kauth`;

const zsh = (): string => `#compdef kauth
_kauth() {
  local -a found
  found=(\${(f)"$(kauth __complete "\${(@)words[2,$CURRENT]}" 2>/dev/null)"})
  compadd -S '' -a found
}
compdef _kauth kauth`;

const fish = (): string => `# fish completion of kauth
complete -c kauth -f -a '(kauth __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`;

const powershell = (): string => `# PowerShell completion of kauth
Register-ArgumentCompleter -Native -CommandName kauth -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  kauth __complete @words 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}`;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], () => string>> = { bash, zsh, fish, powershell };

/** `kauth completion SHELL` */
export function runCompletion({ system, positionals }: Invocation): Promise<number> {
  const [shell, ...more] = positionals;
  const found = SHELLS.find((each) => each === shell);
  if (found === undefined || more.length > 0)
    throw new KnownError(
      "USAGE",
      `Cannot complete for "${positionals.join(" ")}": it must be one of ${SHELLS.join(", ")}`,
    );
  system.log.out(SCRIPTS[found]());
  return Promise.resolve(0);
}

/** For `kubectl auth-proxy`: kubectl's protocol wants a last line `:DIRECTIVE` (4: no file names, 2: no space). */
export const kubectlCompletion = (words: readonly string[]): string => {
  const found = candidates(["open", ...words]);
  const directive = found.some((each) => each.endsWith("/")) ? 6 : 4;
  return [...found, `:${directive}`].join("\n");
};
