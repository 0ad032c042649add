import {
  badToken,
  differs,
  internals,
  parserWords,
  refusedByServer,
  signalled,
  unverified,
} from "../differences.ts";
import { kubeconfig } from "../play.ts";
import type { Difference, Fields, Json, Row } from "../row.ts";

const GROUP = "client.authentication.k8s.io";
const V1 = `${GROUP}/v1`;
const BETA = `${GROUP}/v1beta1`;

const answer = (status: Fields, more: Fields = {}): Fields => ({
  apiVersion: V1,
  kind: "ExecCredential",
  ...more,
  status,
});
const token = answer({ token: "from-plugin" });

const exec = (more: Fields = {}): Fields => ({
  exec: { apiVersion: V1, command: "recording-plugin", interactiveMode: "Never", ...more },
});

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };

const row = (tries: string, name: string, more: Partial<Row>): Row => ({
  tries,
  name,
  user: exec(),
  plugin: { stdout: token },
  ...more,
});
const bad = (tries: string, name: string, more: Partial<Row>): Row =>
  row(tries, name, { ...more, rejected: true });

const output = (name: string, stdout: Json, more: Partial<Row> = {}): Row =>
  bad("§2.2 output", name, { plugin: { stdout }, ...more });
const fine = (name: string, stdout: Json, more: Partial<Row> = {}): Row =>
  row("§2.2 output", name, { plugin: { stdout }, ...more });

const withInfo = (name: string, cluster: Fields, more: Partial<Row> = {}): Row =>
  row("§2.1 cluster", name, {
    user: exec({ provideClusterInfo: true }),
    cluster: { ...trusted, ...cluster },
    ...more,
  });

const configured = (extension: Json): Fields => ({
  extensions: [
    { name: "other", extension: { a: 1 } },
    { name: "client.authentication.k8s.io/exec", extension },
  ],
});

const mode = (version: string, interactiveMode: string, more: Partial<Row> = {}): Row =>
  row("§2.1 stdin", `${version.replace(`${GROUP}/`, "")} ${interactiveMode || "no mode"}`, {
    user: exec({ apiVersion: version, interactiveMode }),
    plugin: { stdout: answer({ token: "from-plugin" }, { apiVersion: version }) },
    ...more,
  });

const NAMED = "Whose words are whose";
const SCRIPTS = "Scripts without a first line";
const WRITABLE = "Plugins of kubeconfigs that others can write";

const noCredential = parserWords(
  "getting credentials: decoding stdout: couldn't get version/kind; json parse error: it is neither JSON nor YAML of an ExecCredential",
);
const noTime = parserWords(
  /^getting credentials: decoding stdout: expirationTimestamp must be an RFC 3339 time/,
);
const unregistered = (kind: string, version: string): Difference =>
  internals(`getting credentials: decoding stdout: no kind "${kind}" is registered for version "${version}"`);
const unauthorized = refusedByServer(/does not accept your credential \(401 Unauthorized\)$/);

/** Credential plugins: what they get, what they may answer, how often they run (§2). */
export const PLUGIN_ROWS: readonly Row[] = [
  row("§2.1 version", "v1", {}),
  row("§2.1 version", "v1beta1", {
    user: exec({ apiVersion: BETA }),
    plugin: { stdout: answer({ token: "from-plugin" }, { apiVersion: BETA }) },
  }),
  row("§2.1 process", "arguments are not for a shell", {
    user: exec({ args: ["get-token", "$HOME", "a b", "", "'\"", "-x=*", "ä\n"] }),
  }),
  row("§2.1 process", "a path relative to the kubeconfig", {
    user: exec({ command: "./plugins/../plugins/recording-plugin" }),
    files: {
      "kube/plugins/recording-plugin": { text: '#!/bin/sh\nexec "$PLUGIN" relative "$0"\n', mode: 0o755 },
    },
    env: { PLUGIN: "<dir>/bin/recording-plugin" },
  }),
  row("§2.1 process", "an absolute path", { user: exec({ command: "<dir>/bin/recording-plugin" }) }),
  row("§2.1 process", "an absolute path that is not clean", {
    user: exec({ command: "<dir>/kube/.././bin//recording-plugin" }),
  }),
  row("§2.1 process", "an empty item of PATH is the working directory", {
    user: exec({ command: "local-plugin" }),
    files: { "work/local-plugin": { text: '#!/bin/sh\nexec "$PLUGIN" here\n', mode: 0o755 } },
    env: { PATH: ":/usr/bin:/bin", PLUGIN: "<dir>/bin/recording-plugin" },
    rejected: true,
  }),
  row("§2.1 process", "a program of PATH that may not be run is passed over", {
    user: exec({ command: "recording-plugin" }),
    files: { "first/recording-plugin": { text: "#!/bin/sh\nexit 9\n", mode: 0o644 } },
    env: { PATH: "<dir>/first:<dir>/bin:/usr/bin:/bin" },
  }),
  row("§2.1 environment", "own entries come behind ours, and win", {
    user: exec({
      env: [
        { name: "ONE", value: "1" },
        { name: "HOME", value: "/elsewhere" },
        { name: "ONE", value: "2" },
        { name: "EMPTY", value: "" },
      ],
    }),
    env: { ONE: "0", ZERO: "x" },
  }),
  row("§2.1 environment", "KUBERNETES_EXEC_INFO cannot be set", {
    user: exec({ env: [{ name: "KUBERNETES_EXEC_INFO", value: "mine" }] }),
    env: { KUBERNETES_EXEC_INFO: "outer" },
  }),
  row("§2.1 environment", "a name with an equals sign", {
    user: exec({ env: [{ name: "A=B", value: "c" }] }),
  }),
  bad("§2.1 environment", "a value that is a number", {
    user: exec({ env: [{ name: "N", value: 5 }] }),
    differs: parserWords(/: users\[0\]\.user\.exec\.env\[0\]\.value must be text, not number$/),
  }),
  bad("§2.1 process", "an argument that is a number", {
    user: exec({ args: [5] }),
    differs: parserWords(/: users\[0\]\.user\.exec\.args\[0\] must be text, not number$/),
  }),
  row("§2.1 process", "null arguments and null environment", { user: exec({ args: null, env: null }) }),
  bad("§2.1 environment", "a NUL in a value", { user: exec({ env: [{ name: "A", value: "b\0c" }] }) }),
  withInfo("everything that a cluster has", {
    "tls-server-name": "localhost",
    "disable-compression": true,
    "proxy-url": "<proxy>",
    ...configured({
      apiVersion: "group/v1",
      kind: "PluginConfig",
      spec: { z: 1.0, audience: "snorlax", a: [1, null] },
    }),
  }),
  withInfo("no extension is null", {}),
  withInfo("an extension that is no object", configured("text")),
  withInfo("an empty extension", configured({})),
  withInfo("a line break of Unicode", configured({ line: "\u2028" }), {
    differs: differs("YAML that no program writes", {
      done: false,
      message: /^error loading config file "\S+": yaml: line \d+: a line break that is none in ASCII$/,
      requests: [],
      runs: [],
    }),
  }),
  withInfo("characters that Go escapes", configured({ html: "<&>", quote: '"', utf: "ä😀", nul: "\u0001" })),
  withInfo(
    "insecure",
    { server: "<named>", "certificate-authority-data": "", "insecure-skip-tls-verify": true },
    { differs: unverified },
  ),
  row("§2.1 cluster", "a CA file is read into it", {
    user: exec({ provideClusterInfo: true }),
    cluster: { server: "<https>", "certificate-authority": "ca.pem" },
    files: { "kube/ca.pem": "<ca-pem>" },
  }),
  withInfo("a proxy of the environment is not in it", {}, { env: { HTTPS_PROXY: "http://127.0.0.1:1" } }),
  withInfo("a server with a path", { server: "<https>/k8s/clusters/c-1/?x#y" }),
  row("§2.1 cluster", "not asked for, not given", { cluster: { ...trusted, ...configured({ a: 1 }) } }),
  row("§2.1 cluster", "the server of a flag", {
    user: exec({ provideClusterInfo: true }),
    args: ["--server", "<named>", "--tls-server-name", "elsewhere.test"],
  }),
  mode(V1, "Never"),
  mode(V1, "IfAvailable"),
  mode(V1, "Always", { rejected: true }),
  mode(BETA, ""),
  mode(BETA, "Never"),
  mode(BETA, "Always", { rejected: true }),
  row("§2.1 stdin", "IfAvailable in a terminal", {
    user: exec({ interactiveMode: "IfAvailable" }),
    terminal: true,
  }),
  row("§2.1 stdin", "Always in a terminal", { user: exec({ interactiveMode: "Always" }), terminal: true }),
  row("§2.1 stdin", "Never in a terminal", { user: exec(), terminal: true }),
  row("§2.1 stderr", "passes through", {
    plugin: { stdout: token, stderr: "Open https://x\nand sign in\n" },
    differs: differs(NAMED, { said: ["recording-plugin: Open https://x", "recording-plugin: and sign in"] }),
  }),
  row("§2.1 stderr", "controls of the terminal, and a token", {
    plugin: { stdout: token, stderr: "\u001b[2Jgone, token=abcdefghijklmnop\n" },
    differs: differs(NAMED, { said: [/^recording-plugin: [!-~ ]*gone, (?!.*abcdefghijklmnop)/] }),
  }),
  row("§2.1 stderr", "in a terminal it is the plugin's own", {
    user: exec({ interactiveMode: "IfAvailable" }),
    plugin: { stdout: token, stderr: "Open https://x\n" },
    terminal: true,
  }),
  bad("§2.2-1", "exit 73", { plugin: { stdout: token, status: 73 } }),
  bad("§2.2-1", "exit 1 with words", {
    plugin: { stdout: "", stderr: "no login\n", status: 1 },
    differs: differs(NAMED, { said: ["recording-plugin: no login"] }),
  }),
  bad("§2.2-1", "a bare name that nobody has", { user: exec({ command: "no-such-plugin" }) }),
  bad("§2.2-1", "with an install hint", {
    user: exec({ command: "no-such-plugin", installHint: "brew install it\u001b[1m\ttab" }),
  }),
  bad("§2.2-1", "a path that nobody has", {
    user: exec({ command: "./no-such-plugin", installHint: "hint" }),
  }),
  bad("§2.2-1", "a path that may not be run", {
    user: exec({ command: "./plugin" }),
    files: { "kube/plugin": { text: "#!/bin/sh\n", mode: 0o644 } },
  }),
  bad("§2.2-1", "a directory", { user: exec({ command: "../bin/" }) }),
  bad("§2.2-1", "no interpreter", {
    user: exec({ command: "./plugin" }),
    files: { "kube/plugin": { text: "#!/no/such/interpreter\n", mode: 0o755 } },
  }),
  bad("§2.2-1", "no program", {
    user: exec({ command: "./plugin" }),
    files: { "kube/plugin": { text: "\u0001\u0002", mode: 0o755 } },
    differs: differs(SCRIPTS, {
      message: /^getting credentials: exec: executable \S+\/kube\/plugin failed with exit code 12[67]$/,
      said: [/^plugin: .*: not found$/],
    }),
  }),
  bad("§2.2-1", "a script without a first line", {
    user: exec({ command: "./plugin" }),
    files: { "kube/plugin": { text: 'exec "$PLUGIN" script\n', mode: 0o755 } },
    env: { PLUGIN: "<dir>/bin/recording-plugin" },
    differs: differs(SCRIPTS, {
      done: true,
      message: "",
      requests: [{ identity: ["authorization: Bearer from-plugin"] }],
      runs: [{ argv: ["script"] }],
    }),
  }),
  bad("§2.2-1", "a signal ends it", {
    user: exec({ command: "./plugin" }),
    files: { "kube/plugin": { text: "#!/bin/sh\nkill -9 $$\n", mode: 0o755 } },
    differs: signalled(/^getting credentials: exec: executable \S+\/kube\/plugin was ended by SIGKILL$/),
  }),
  output("nothing at all", ""),
  output("no JSON", "garbage, not a credential", { differs: noCredential }),
  output("broken JSON", '{"apiVersion"', { differs: noCredential }),
  output("a list", "[]", { differs: noCredential }),
  output("null", "null"),
  output("another kind", answer({ token: "t" }, { kind: "Foo" }), { differs: unregistered("Foo", V1) }),
  output("a version that nobody knows", answer({ token: "t" }, { apiVersion: `${GROUP}/v9` }), {
    differs: unregistered("ExecCredential", `${GROUP}/v9`),
  }),
  output("a version of long ago", answer({ token: "t" }, { apiVersion: `${GROUP}/v1alpha1` }), {
    differs: unregistered("ExecCredential", `${GROUP}/v1alpha1`),
  }),
  output("a version of another group", answer({ token: "t" }, { apiVersion: "v1" }), {
    differs: unregistered("ExecCredential", "v1"),
  }),
  output("no version", { kind: "ExecCredential", status: { token: "t" } }),
  output("an empty version", answer({ token: "t" }, { apiVersion: "" })),
  output("v1beta1 for v1", answer({ token: "t" }, { apiVersion: BETA })),
  output("v1 for v1beta1", token, { user: exec({ apiVersion: BETA }) }),
  output("no status", { apiVersion: V1, kind: "ExecCredential" }),
  output("a status that is null", { apiVersion: V1, kind: "ExecCredential", status: null }),
  output("an empty status", answer({})),
  output("an empty token", answer({ token: "" })),
  output("a token that is a number", answer({ token: 5 }), {
    differs: parserWords("getting credentials: decoding stdout: status.token must be text, not number"),
  }),
  output(
    "a status that is text",
    { apiVersion: V1, kind: "ExecCredential", status: "x" },
    { differs: parserWords("getting credentials: decoding stdout: status must be an object, not string") },
  ),
  output("a certificate alone", answer({ clientCertificateData: "<cert-pem>" })),
  output("a key alone", answer({ clientKeyData: "x", token: "t" })),
  output("a certificate that is none", answer({ clientCertificateData: "foo", clientKeyData: "bar" })),
  output("a time that is none", answer({ token: "t", expirationTimestamp: "tomorrow" }), { differs: noTime }),
  output("a date without a time", answer({ token: "t", expirationTimestamp: "2099-01-01" }), {
    differs: noTime,
  }),
  output("a token with a line break", answer({ token: "a\nb" }), {
    differs: badToken(
      /^Cannot use the token of the credential plugin "recording-plugin": it holds characters that no header may carry$/,
    ),
  }),
  fine("no kind", { apiVersion: V1, status: { token: "from-plugin" } }),
  fine("unknown fields", answer({ token: "from-plugin", more: 1 }, { more: [1] })),
  fine("white space around it", `\n\n  ${JSON.stringify(token)}\n\n`),
  fine("YAML", `apiVersion: ${V1}\nkind: ExecCredential\nstatus:\n  token: from-plugin\n`),
  fine(
    "YAML behind a document marker",
    `---\napiVersion: ${V1}\nkind: ExecCredential\nstatus: {token: from-plugin}\n`,
  ),
  output("two documents", `${JSON.stringify(token)}\n---\n${JSON.stringify(token)}`, {
    differs: noCredential,
  }),
  fine("two documents of YAML", `apiVersion: ${V1}\nstatus: {token: from-plugin}\n---\na: b\n`),
  output("a document and something behind it", `${JSON.stringify(token)} x`, { differs: noCredential }),
  output("YAML that begins as JSON does", `{apiVersion: ${V1}, status: {token: from-plugin}}`, {
    differs: noCredential,
  }),
  fine("a byte-order mark", `\ufeff${JSON.stringify(token)}`),
  output("a field in another case", `{"apiVersion":"${V1}","STATUS":{"token":"from-plugin"}}`),
  fine("a field twice", `{"apiVersion":"${V1}","status":{"token":"first","token":"second"}}`),
  fine("an end in the past", answer({ token: "from-plugin", expirationTimestamp: "2006-01-02T15:04:05Z" })),
  fine(
    "an end in the future",
    answer({ token: "from-plugin", expirationTimestamp: "2099-01-02T15:04:05.5+01:00" }),
  ),
  fine("an end that is null", answer({ token: "from-plugin", expirationTimestamp: null })),
  output("an empty end", answer({ token: "from-plugin", expirationTimestamp: "" }), { differs: noTime }),
  fine("a certificate", answer({ clientCertificateData: "<cert-pem>", clientKeyData: "<key-pem>" })),
  fine(
    "a token and a certificate",
    answer({ token: "from-plugin", clientCertificateData: "<cert-pem>", clientKeyData: "<key-pem>" }),
  ),
  fine(
    "an empty key beside a token",
    answer({ token: "from-plugin", clientCertificateData: "", clientKeyData: "" }),
  ),
  bad("§2.3", "401: the plugin runs once more, and the answer stays", {
    answers: [401, 201],
    differs: unauthorized,
  }),
  bad("§2.3", "401 for a certificate", {
    plugin: { stdout: answer({ clientCertificateData: "<cert-pem>", clientKeyData: "<key-pem>" }) },
    answers: [401, 201],
    differs: unauthorized,
  }),
  bad("§2.3", "401, and the second run fails", {
    plugin: { stdout: token, later: ["garbage"] },
    answers: [401, 201],
    differs: [unauthorized, differs("A refresh that fails", { said: [] })],
  }),
  row("§2.3", "two requests, one run", { answers: [404, 201] }),
  row("§2.3", "two requests and an end in the past: two runs", {
    plugin: {
      stdout: answer({ token: "first", expirationTimestamp: "2006-01-02T15:04:05Z" }),
      later: [answer({ token: "second", expirationTimestamp: "2006-01-02T15:04:05Z" })],
    },
    answers: [404, 201],
    differs: differs("How often an expired credential is fetched", {
      requests: [{ request: /\/v1\// }, { request: /\/v1beta1\// }],
      runs: [{}, {}, {}],
    }),
  }),
  row("security.md R-I1", "everybody may write the kubeconfig", {
    config: { text: kubeconfig({ user: exec() }), mode: 0o666 },
    differs: differs(WRITABLE, {
      done: false,
      message: /^Refusing to run the credential plugin of kubeconfig "\S+": everybody may write "\S+"$/,
      requests: [],
      runs: [],
    }),
  }),
  row("security.md R-I1", "the group may write it", {
    config: { text: kubeconfig({ user: exec() }), mode: 0o660 },
    differs: differs(WRITABLE, {
      said: [/^The group may write "\S+", and so choose which credential plugin runs as you$/],
    }),
  }),
  row("security.md R-I1", "everybody may write it, and no plugin is in it", {
    config: { text: kubeconfig({ user: { token: "t" } }), mode: 0o666 },
  }),
  row("security.md R-I3", "two megabytes of white space before it", {
    user: exec({ command: "./plugin" }),
    files: {
      "kube/plugin": {
        text: "#!/bin/sh\nhead -c 2097152 /dev/zero | tr '\\0' ' '\nexec \"$PLUGIN\"\n",
        mode: 0o755,
      },
    },
    env: { PLUGIN: "<dir>/bin/recording-plugin" },
    differs: differs("Limits", {
      done: false,
      message: /^getting credentials: exec: executable \S+ printed more than 1048576 bytes$/,
      requests: [],
      runs: [],
    }),
  }),
  row("§2.3", "impersonation beside a plugin", { user: { ...exec(), as: "jane", "as-groups": ["a"] } }),
];
