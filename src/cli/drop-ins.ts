import { KnownError } from "../base/errors.ts";
import { authenticatorWords } from "./iam/words.ts";

/** Another tool whose command line is understood under its name. Its exit statuses hold then: 0 and 1. */
export interface DropIn {
  /** How a person calls it: `kubectl oidc-login`. */
  readonly called: string;
  /** Our words for all that it does, e.g. `["oidc"]` for `kauth oidc`. */
  readonly under: readonly string[];
  /** Its words → ours. @throws {KnownError} OTHER_KUBELOGIN */
  readonly words: (args: readonly string[]) => readonly string[];
  /** What `--version` prints before our version. */
  readonly version: string;
  /** Only `kauth link` makes the name: the real tool must not be shadowed unasked. Default false: npm installs it. */
  readonly linked?: boolean;
}

/** By the name that the program was started by. */
export const DROP_INS: Readonly<Record<string, DropIn>> = {
  "kubectl-auth_proxy": {
    called: "kubectl auth-proxy",
    under: ["open"],
    words: (args) => ["open", ...args],
    version: "kauth",
  },
  "kubectl-oidc_login": {
    called: "kubectl oidc-login",
    under: ["oidc"],
    words: (args) => kubeloginWords(args),
    version: "kubelogin version",
  },
  kubelogin: {
    called: "kubelogin",
    under: ["oidc"],
    words: (args) => kubeloginWords(refuseAzure(args)),
    version: "kubelogin version",
    linked: true,
  },
  "aws-iam-authenticator": {
    called: "aws-iam-authenticator",
    under: ["iam"],
    words: (args) => authenticatorWords(args),
    version: "kauth",
    linked: true,
  },
};

export const dropInOf = (program: string): DropIn | undefined =>
  Object.hasOwn(DROP_INS, program) ? DROP_INS[program] : undefined;

/** What `kauth link` can make. */
export const LINKED: readonly string[] = Object.entries(DROP_INS).flatMap(([name, { linked }]) =>
  linked === true ? [name] : [],
);

/** Where the words of `kubelogin` without a command lead. */
export const STANDALONE: readonly string[] = ["oidc", "standalone"];

/** kubelogin's own commands and ours of the same kind (oidc.md §1.1). */
const OIDC_VERBS: ReadonlySet<string> = new Set([
  "get-token",
  "login",
  "logout",
  "whoami",
  "list",
  "setup",
  "clean",
  "import",
  "doctor",
  "standalone",
]);

/** Options before the command that take the next word as their value (oidc.md §1.2). */
const WITH_VALUE =
  /^(?:-v|--(?:v|vmodule|log_file|log_dir|log_file_max_size|log_backtrace_at|stderrthreshold|kubeconfig|context|user|certificate-authority|certificate-authority-data|grant-type|listen-address|browser-command|authentication-timeout-sec|local-server-cert|local-server-key|open-url-after-authentication|oidc-auth-request-extra-params|username|password))$/;

const kubeloginWords = (args: readonly string[]): readonly string[] => {
  const at = commandIndex(args);
  const command = args[at];
  const rest = args.filter((_word, index) => index !== at);
  if (command === undefined) return [...STANDALONE, ...args];
  if (OIDC_VERBS.has(command)) return ["oidc", command, ...rest];
  if (command === "help") {
    const [about, ...more] = rest;
    return about === undefined
      ? [...STANDALONE, "--help"]
      : [...(OIDC_VERBS.has(about) ? ["oidc", about] : [about]), ...more, "--help"];
  }
  if (command === "version" || command === "completion") return [command, ...rest];
  return [...STANDALONE, ...args];
};

/** The first word that is neither an option nor the value of one; past the end: there is none. */
const commandIndex = (args: readonly string[]): number => {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--") break;
    if (!word.startsWith("-")) return index;
    if (WITH_VALUE.test(word)) index += 1;
  }
  return args.length;
};

const AZURES = /^(?:--server-id|--login|-l)(?:=|$)/;

/** Azure's tool has the same name, and kubeconfigs of AKS call it (decisions.md "Commands and names"). */
const refuseAzure = (args: readonly string[]): readonly string[] => {
  const sign = args[0] === "convert-kubeconfig" ? args[0] : args.find((word) => AZURES.test(word));
  if (sign === undefined) return args;
  throw new KnownError(
    "OTHER_KUBELOGIN",
    `Cannot use ${sign.replace(/=.*$/s, "")}: it belongs to Azure's kubelogin, another program of the same name`,
  );
};
