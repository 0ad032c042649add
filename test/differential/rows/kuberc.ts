import { differs, unresolved } from "../differences.ts";
import type { Fields, Json, Row } from "../row.ts";

const V1 = "client.authentication.k8s.io/v1";
const exec = (command = "recording-plugin"): Fields => ({
  exec: { apiVersion: V1, command, interactiveMode: "Never" },
});
const plugin = { stdout: { apiVersion: V1, status: { token: "from-plugin" } } };

const preference = (more: Fields): Json => ({
  apiVersion: "kubectl.config.k8s.io/v1beta1",
  kind: "Preference",
  ...more,
});

const row = (name: string, file: Json, more: Partial<Row> = {}): Row => ({
  tries: "§1.9",
  name,
  user: exec(),
  plugin,
  files: { rc: file, "home/.kube/.keep": "" },
  env: { KUBERC: "<dir>/rc" },
  ...more,
});
const bad = (name: string, file: Json, more: Partial<Row> = {}): Row =>
  row(name, file, { rejected: true, ...more });

const list = (...commands: readonly string[]): Json =>
  preference({
    credentialPluginPolicy: "Allowlist",
    credentialPluginAllowlist: commands.map((name) => ({ name })),
  });

/** kubectl's preferences, as far as they say which plugins may run (§1.9). */
export const KUBERC_ROWS: readonly Row[] = [
  row("no policy", preference({})),
  row("an empty policy", preference({ credentialPluginPolicy: "" })),
  row("AllowAll", preference({ credentialPluginPolicy: "AllowAll" })),
  bad("DenyAll", preference({ credentialPluginPolicy: "DenyAll" })),
  row("DenyAll, and no plugin", preference({ credentialPluginPolicy: "DenyAll" }), { user: { token: "t" } }),
  bad("a policy that nobody knows", preference({ credentialPluginPolicy: "Sometimes" })),
  bad("a list without a policy", preference({ credentialPluginAllowlist: [{ name: "x" }] })),
  bad(
    "an empty list with AllowAll",
    preference({ credentialPluginPolicy: "AllowAll", credentialPluginAllowlist: [] }),
  ),
  bad(
    "a list with DenyAll",
    preference({ credentialPluginPolicy: "DenyAll", credentialPluginAllowlist: [{ name: "x" }] }),
  ),
  bad("Allowlist without a list", preference({ credentialPluginPolicy: "Allowlist" })),
  bad(
    "Allowlist with an empty list",
    preference({ credentialPluginPolicy: "Allowlist", credentialPluginAllowlist: [] }),
  ),
  bad(
    "an empty entry",
    preference({ credentialPluginPolicy: "Allowlist", credentialPluginAllowlist: [{ name: "x" }, {}] }),
  ),
  bad("an entry that is not clean", list("/usr/./bin/x")),
  row("a name allows the name", list("other", "recording-plugin")),
  row("a path allows the name", list("<dir>/bin/recording-plugin")),
  row("a name allows the path", list("recording-plugin"), { user: exec("<dir>/bin/recording-plugin") }),
  row("a path allows the path", list("<dir>/bin/recording-plugin"), {
    user: exec("../bin/recording-plugin"),
  }),
  bad("a plugin that is not in the list", list("other")),
  bad("a plugin of the same name elsewhere", list("/usr/bin/recording-plugin")),
  bad("a plugin that is nowhere", list("recording-plugin"), { user: exec("no-such-plugin") }),
  bad("a plugin of the list that is nowhere", list("no-such-plugin"), { user: exec("no-such-plugin") }),
  bad("a path that is nowhere", list("no-such-plugin"), {
    user: exec("<dir>/no-such-plugin"),
    differs: unresolved(
      /^getting credentials: plugin path "\S+\/no-such-plugin" cannot be resolved for credential plugin allowlist check: exec: "\S+": it is not there or may not be run$/,
    ),
  }),
  row("KUBERC=off", preference({ credentialPluginPolicy: "DenyAll" }), {
    env: { KUBERC: "off" },
    files: { "home/.kube/kuberc": preference({ credentialPluginPolicy: "DenyAll" }) },
  }),
  bad("KUBERC=off and --kuberc", preference({}), { env: { KUBERC: "off" }, args: ["--kuberc", "<dir>/rc"] }),
  row("KUBECTL_KUBERC=false", preference({ credentialPluginPolicy: "DenyAll" }), {
    env: { KUBERC: "<dir>/rc", KUBECTL_KUBERC: "false" },
  }),
  bad("--kuberc wins over KUBERC", preference({ credentialPluginPolicy: "AllowAll" }), {
    files: { rc: preference({}), flag: preference({ credentialPluginPolicy: "DenyAll" }) },
    args: ["--kuberc", "<dir>/flag"],
  }),
  bad("--kuberc without a value", preference({}), { args: ["--kuberc="] }),
  bad("the one at home", "", {
    files: { "home/.kube/kuberc": preference({ credentialPluginPolicy: "DenyAll" }) },
    env: {},
  }),
  row("none at home", "", { files: {}, env: {} }),
  bad("KUBERC that is missing", "", { files: {}, env: { KUBERC: "<dir>/missing" } }),
  bad("--kuberc that is missing", "", { files: {}, env: {}, args: ["--kuberc=<dir>/missing"] }),
  row("the one at home is broken", "", {
    files: { "home/.kube/kuberc": "a: [" },
    env: {},
    differs: differs("A default kuberc that cannot be read", {
      done: false,
      message:
        /^kuberc error kuberc: no valid preferences found in \S+\/home\/\.kube\/kuberc, use --v=5 to see details$/,
      said: [],
      requests: [],
      runs: [],
    }),
  }),
  row("the one at home is broken, and no plugin runs", "", {
    user: { token: "t" },
    files: { "home/.kube/kuberc": "a: [" },
    env: {},
    differs: differs("A default kuberc that cannot be read", { said: [] }),
  }),
  bad("KUBERC that is broken", "a: ["),
  bad("KUBERC of another kind", { apiVersion: "v1", kind: "Config" }),
  bad("KUBERC of a version that nobody knows", {
    apiVersion: "kubectl.config.k8s.io/v9",
    kind: "Preference",
  }),
  row("an empty KUBERC file", ""),
  row("v1alpha1 has no policy", {
    apiVersion: "kubectl.config.k8s.io/v1alpha1",
    kind: "Preference",
    credentialPluginPolicy: "DenyAll",
  }),
  row("unknown fields are warned of", preference({ unknown: 1, credentialPluginPolicy: "AllowAll" })),
  bad(
    "a key that is there twice",
    "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: AllowAll\ncredentialPluginPolicy: DenyAll\n",
  ),
  bad(
    "of several documents the first that fits",
    `a: b\n---\n${JSON.stringify(preference({ credentialPluginPolicy: "DenyAll" }))}\n---\n${JSON.stringify(preference({}))}`,
  ),
];
