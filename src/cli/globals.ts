import { Secret } from "../base/secret.ts";
import type { Overrides } from "../kubeconfig/index.ts";
import type { OptionSpec, ParsedOptions } from "./command.ts";

const text = (summary: string, value: string, more: Partial<OptionSpec> = {}): OptionSpec => ({
  type: "string",
  value,
  summary,
  env: false,
  ...more,
});

const ignored = (type: OptionSpec["type"]): OptionSpec => ({
  type,
  summary: "Accepted for kubectl's sake; means nothing here",
  ignored: true,
});

/** kubectl's global options (credentials.md §1.5). */
export const KUBECTL_OPTIONS = {
  kubeconfig: text("Kubeconfig to use. Default: KUBECONFIG, else ~/.kube/config", "FILE"),
  context: text("Context of the kubeconfig", "NAME"),
  namespace: text("Namespace. Default: the context's", "NAME", { short: "n" }),
  cluster: text("Cluster of the kubeconfig", "NAME"),
  user: text("User of the kubeconfig", "NAME"),
  server: text("Address of the API server", "URL", { short: "s" }),
  token: text("Bearer token; everybody on this machine can see it in the process list", "TOKEN"),
  username: text("User name for basic authentication", "NAME"),
  password: text("Password for basic authentication", "PASSWORD"),
  as: text("User to impersonate", "NAME"),
  "as-uid": text("UID to impersonate", "UID"),
  "as-group": {
    type: "list",
    value: "NAME",
    summary: "Group to impersonate",
    env: false,
  },
  "as-user-extra": {
    type: "list",
    value: "KEY=VALUE",
    summary: "Extra to impersonate",
    env: false,
  },
  "certificate-authority": text("PEM file of the API server's authority", "FILE"),
  "client-certificate": text("PEM file of a client certificate", "FILE"),
  "client-key": text("PEM file of its key", "FILE"),
  "insecure-skip-tls-verify": {
    type: "boolean",
    summary: "Do not verify the API server's certificate. Unsafe",
    env: false,
  },
  "tls-server-name": text("Name that the API server's certificate has to have", "NAME"),
  "request-timeout": text(
    "Longest time of a request to the API server: seconds, or a duration such as 1m30s. 0 is none. Default: 30 s, and nothing is told to the server",
    "TIME",
  ),
  "cache-dir": ignored("string"),
  "disable-compression": {
    type: "boolean",
    summary: "Told to credential plugins; kauth asks for no compression",
    env: false,
  },
  "match-server-version": ignored("boolean"),
  "warnings-as-errors": ignored("boolean"),
  kuberc: text(
    "kubectl's preferences, which say what credential plugins may run. Default: KUBERC, else ~/.kube/kuberc",
    "FILE",
  ),
  profile: ignored("string"),
  "profile-output": ignored("string"),
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** How a credential plugin may run. */
export const PLUGIN_OPTIONS = {
  "exec-timeout": {
    type: "string",
    value: "SECONDS",
    default: "60",
    summary:
      "How long to wait for a credential plugin before saying so; it is ended after three times that, " +
      "since a person may be signing in",
  },
  "allow-writable-kubeconfig": {
    type: "boolean",
    summary: "Run the credential plugin of a kubeconfig although others can write it. Unsafe",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** klog's options, which kauthproxy took; only `-v` means something. */
export const KLOG_OPTIONS = {
  v: { type: "count", summary: "The same as --verbose, as klog calls it", ignored: true, env: false },
  vmodule: ignored("string"),
  logtostderr: ignored("boolean"),
  alsologtostderr: ignored("boolean"),
  stderrthreshold: ignored("string"),
  log_file: ignored("string"),
  log_dir: ignored("string"),
  log_file_max_size: ignored("string"),
  log_backtrace_at: ignored("string"),
  "log-flush-frequency": ignored("string"),
  skip_headers: ignored("boolean"),
  skip_log_headers: ignored("boolean"),
  add_dir_header: ignored("boolean"),
  one_output: ignored("boolean"),
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Options of every command. */
export const COMMON_OPTIONS = {
  verbose: {
    type: "count",
    short: "v",
    value: "LEVEL",
    summary: "Say more; up to 9. No level shows a secret",
    env: "KAUTH_VERBOSE",
  },
  help: { type: "boolean", short: "h", summary: "Explain the command", env: false },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const explicitKubeconfig = (options: ParsedOptions): { readonly explicit: string | undefined } => ({
  explicit: options.string("kubeconfig"),
});

/** The options as overrides of the kubeconfig. */
export const overridesOf = (options: ParsedOptions): Overrides => {
  const given = <Key extends string, T>(key: Key, value: T | undefined): { [K in Key]?: T } =>
    (value === undefined || value === "" ? {} : { [key]: value }) as { [K in Key]?: T };
  const secret = (name: string): Secret | undefined => {
    const value = options.string(name);
    return value === undefined || value === "" ? undefined : new Secret(value);
  };
  const groups = options.list("as-group");
  const extra = options.list("as-user-extra");
  const timeout = options.string("request-timeout");
  return {
    ...given("context", options.string("context")),
    ...given("cluster", options.string("cluster")),
    ...given("user", options.string("user")),
    ...given("server", options.string("server")),
    ...given("token", secret("token")),
    ...given("username", options.string("username")),
    ...given("password", secret("password")),
    ...given("as", options.string("as")),
    ...given("asUid", options.string("as-uid")),
    ...(groups.length === 0 ? {} : { asGroups: groups }),
    ...(extra.length === 0 ? {} : { asUserExtra: extra }),
    ...given("certificateAuthority", options.string("certificate-authority")),
    ...given("clientCertificate", options.string("client-certificate")),
    ...given("clientKey", options.string("client-key")),
    ...(options.boolean("insecure-skip-tls-verify") ? { insecureSkipTlsVerify: true } : {}),
    ...given("tlsServerName", options.string("tls-server-name")),
    ...given("namespace", options.string("namespace")),
    ...(timeout === undefined ? {} : { requestTimeout: timeout }),
    ...(options.boolean("disable-compression") ? { disableCompression: true } : {}),
  };
};
