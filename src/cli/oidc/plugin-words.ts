import { resolve } from "node:path";
import type { System } from "../../base/system.ts";
import type { ExecStanza } from "../../kubeconfig/index.ts";
import type { OptionSpec, ParsedOptions } from "../command.ts";
import { expandTilde } from "../tilde.ts";
import { slice } from "./go-values.ts";
import { PROVIDER_OPTIONS, SIGN_IN_OPTIONS, TLS_OPTIONS } from "./options.ts";

/** How get-token is called under each of our names. */
const CALLS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  "kubectl-oidc_login": ["kubectl", "oidc-login", "get-token"],
  kubelogin: ["kubelogin", "get-token"],
};
const OWN_CALL: readonly [string, ...string[]] = ["kauth", "oidc", "get-token"];

/** Each element is an option of its own. */
const SLICES: ReadonlySet<string> = new Set(["oidc-extra-scope", "listen-address"]);
/** A kubeconfig is read from anywhere. */
const PATHS: ReadonlySet<string> = new Set([
  "certificate-authority",
  "local-server-cert",
  "local-server-key",
  "oidc-client-key",
]);
/** A password in a file is asked for again rather. */
const LEFT_OUT: ReadonlySet<string> = new Set(["password"]);

/** The options that were given, as words for a kubeconfig: `--name=value` each. */
export const pluginOptions = (
  options: ParsedOptions,
  system: Pick<System, "cwd" | "home">,
): readonly string[] => {
  const specs: Readonly<Record<string, OptionSpec>> = {
    ...PROVIDER_OPTIONS,
    ...TLS_OPTIONS,
    ...SIGN_IN_OPTIONS,
  };
  return Object.entries(specs).flatMap(([name, spec]) => {
    if (LEFT_OUT.has(name)) return [];
    if (spec.type === "boolean") return options.boolean(name) ? [`--${name}`] : [];
    const values = SLICES.has(name) ? slice(options.list(name)) : options.list(name);
    return values
      .filter((value) => value !== "" && value !== spec.default)
      .map(
        (value) => `--${name}=${PATHS.has(name) ? resolve(system.cwd, expandTilde(value, system)) : value}`,
      );
  });
};

/** The stanza of a user that signs in with these options. */
export const execStanza = (program: string, words: readonly string[]): ExecStanza => {
  const [command, ...args] = (Object.hasOwn(CALLS, program) ? CALLS[program] : undefined) ?? OWN_CALL;
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    args: [...args, ...words],
    // kubelogin prints Never, with which nothing can be asked or pasted.
    interactiveMode: "IfAvailable",
    provideClusterInfo: false,
  };
};

const SECRET = /^--(?:oidc-client-secret|oidc-request-header)=/;

/** As it is shown: a secret belongs into the file, and not on a terminal. */
export const withoutSecrets = (exec: ExecStanza): ExecStanza => ({
  ...exec,
  args: exec.args.map((arg) => (SECRET.test(arg) ? arg.replace(/=.*$/s, "=…") : arg)),
});

/** The same as the kubectl command that kubelogin prints (oidc.md §1.8). */
export const setCredentials = (user: string, exec: ExecStanza): string =>
  [
    `kubectl config set-credentials ${shellWord(user)}`,
    `--exec-api-version=${exec.apiVersion}`,
    `--exec-interactive-mode=${exec.interactiveMode}`,
    `--exec-command=${exec.command}`,
    ...exec.args.map((arg) => `--exec-arg=${shellWord(arg)}`),
  ].join(" \\\n  ");

/** In double quotes where that is safe, as kubelogin prints it. */
const shellWord = (word: string): string => {
  if (/^[A-Za-z][\w-]*$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", String.raw`'\''`)}'` : `"${word}"`;
};
