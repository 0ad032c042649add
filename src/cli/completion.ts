import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { loadKubeconfig } from "../kubeconfig/index.ts";
import type { Command, Invocation, OptionSpec } from "./command.ts";
import { COMMANDS, findCommand } from "./commands.ts";
import { SHELLS } from "./commands/completion.ts";
import { LINKED } from "./drop-ins.ts";
import { COMMON_OPTIONS } from "./globals.ts";

const optionsOf = (command: Command): readonly (readonly [string, OptionSpec])[] =>
  Object.entries({ ...command.options, ...COMMON_OPTIONS } as Record<string, OptionSpec>).filter(
    ([, spec]) => spec.ignored !== true,
  );

const operandsOf = async (command: Command): Promise<readonly string[]> => {
  if (command.path[0] === "completion") return SHELLS;
  if (command.path[0] === "link") return LINKED;
  if (!command.operands.includes("TARGET")) return [];
  const kinds = ["svc/", "pod/", "deploy/", "sts/", "rs/"];
  if (command.path[0] !== "open") return kinds;
  const { uiTable } = await import("./open/ui-table.ts");
  return [...kinds, ...uiTable().all.map(({ id }) => id)];
};

/** Options whose values stand in the kubeconfig. */
const NAMED = { context: "contexts", cluster: "clusters", user: "users" } as const;

/** A shell takes one a line; what it would have to quote is left out. */
const PLAIN = /^[\w.:/@%+=-]+$/;

/** Names of the kubeconfig that counts. A shell that completes hears of no mistake. */
const namesOf = async (
  kind: (typeof NAMED)[keyof typeof NAMED],
  words: readonly string[],
  system: System,
): Promise<readonly string[]> => {
  const joined = words.find((word) => word.startsWith("--kubeconfig="))?.slice("--kubeconfig=".length);
  const at = words.indexOf("--kubeconfig");
  const explicit = joined ?? (at === -1 ? undefined : words[at + 1]);
  try {
    const kubeconfig = await loadKubeconfig(system, { explicit });
    return [...kubeconfig[kind].keys()].filter((name) => PLAIN.test(name));
  } catch {
    return [];
  }
};

const isNamed = (option: string): option is keyof typeof NAMED => Object.hasOwn(NAMED, option);

/** What may stand next: the candidates for the last of `words`. Nothing is dialled. */
export const candidates = async (words: readonly string[], system: System): Promise<readonly string[]> => {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = findCommand(before);
  const starts = (list: readonly string[]): readonly string[] =>
    list.filter((each) => each.startsWith(current));
  if (command === undefined) {
    const behind = COMMANDS.filter(({ path }) => before.every((word, index) => path[index] === word));
    return starts([...new Set(behind.map(({ path }) => path[before.length] ?? ""))]);
  }
  const previous = before.at(-1) ?? "";
  const pending = optionsOf(command).find(
    ([name, { short, type }]) =>
      (previous === `--${name}` || (short !== undefined && previous === `-${short}`)) &&
      (type === "string" || type === "list"),
  );
  if (pending !== undefined) {
    const [name, { choices, suggests = [] }] = pending;
    return starts(
      isNamed(name) && command.path[0] !== "oidc"
        ? await namesOf(NAMED[name], before, system)
        : (choices ?? suggests),
    );
  }
  if (current.startsWith("-")) return starts(optionsOf(command).map(([name]) => `--${name}`));
  return starts(await operandsOf(command));
};

/** A function of a shell's. */
const functionFor = (name: string): string => `_${name.replaceAll(/\W/g, "_")}`;

// Under the names of other tools a last line `:DIRECTIVE` comes, as their own scripts want it.
const bash = (name: string): string => `# bash completion of ${name}
${functionFor(name)}() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  local line
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("$line")
  done < <(${name} __complete "\${words[@]}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F ${functionFor(name)} ${name}`;

const zsh = (name: string): string => `#compdef ${name}
${functionFor(name)}() {
  local -a found
  found=(\${(f)"$(${name} __complete "\${(@)words[2,$CURRENT]}" 2>/dev/null)"})
  found=(\${found:#:*})
  compadd -S '' -a found
}
compdef ${functionFor(name)} ${name}`;

const fish = (name: string): string => `# fish completion of ${name}
complete -c ${name} -f -a '(${name} __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null | string match -v ":*")'`;

const powershell = (name: string): string => `# PowerShell completion of ${name}
Register-ArgumentCompleter -Native -CommandName ${name} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  ${name} __complete @words 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}`;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (name: string) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

/** `kauth completion SHELL`; under a linked name for that name. */
export function runCompletion({ system, positionals, program }: Invocation): Promise<number> {
  const [shell, ...more] = positionals;
  const found = SHELLS.find((each) => each === shell);
  if (found === undefined || more.length > 0)
    throw new KnownError(
      "USAGE",
      positionals.length === 0
        ? `Cannot complete: name one of ${SHELLS.join(", ")}`
        : `Cannot complete for "${positionals.join(" ")}": it must be one of ${SHELLS.join(", ")}`,
    );
  system.log.out(SCRIPTS[found](LINKED.includes(program) ? program : "kauth"));
  return Promise.resolve(0);
}

/**
 * For `kubectl auth-proxy` (`open`), `kubectl oidc-login` and `kubelogin` (`oidc`) and `aws-iam-authenticator` (`iam`): the
 * protocol of kubectl and of these tools' own scripts wants a last line `:DIRECTIVE` (4: no file names, 2: no space).
 */
export const cobraCompletion = async (
  under: readonly string[],
  words: readonly string[],
  system: System,
): Promise<string> => {
  const found = await candidates([...under, ...words], system);
  const directive = found.some((each) => each.endsWith("/")) ? 6 : 4;
  return [...found, `:${directive}`].join("\n");
};
