import { badPair, badToken, networkFault, noQuestion } from "../differences.ts";
import type { Fields, Row } from "../row.ts";

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };
const certificate: Fields = { "client-certificate-data": "<cert>", "client-key-data": "<key>" };
const credential = (token: string): string =>
  JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token },
  });
const plugin = { stdout: credential("from-plugin") };
const exec: Fields = {
  apiVersion: "client.authentication.k8s.io/v1",
  command: "recording-plugin",
  interactiveMode: "Never",
};

/** Plain http to a server that speaks TLS. */
const lost = networkFault(/^The connection to http:\/\/127\.0\.0\.1:\d+ was lost: ECONNRESET$/);

/** Which of several credentials is used (§1.6). */
export const PRECEDENCE_ROWS: readonly Row[] = [
  { tries: "§1.6-1", name: "http: no token", cluster: { server: "<http>" }, user: { token: "t" } },
  { tries: "§1.6-1", name: "http: no plugin", cluster: { server: "<http>" }, user: { exec }, plugin },
  {
    tries: "§1.6-1",
    name: "http: no basic",
    cluster: { server: "<http>" },
    user: { username: "a", password: "b" },
  },
  {
    tries: "§1.6-1",
    name: "http: but impersonation",
    cluster: { server: "<http>" },
    user: { token: "t", as: "jane", "as-groups": ["g"] },
  },
  {
    tries: "§1.6-1",
    name: "host:port is http",
    cluster: { server: "127.0.0.1:<http-port>" },
    user: { token: "t" },
  },
  {
    tries: "§1.6-1",
    name: "host:port with a CA is http, so a server that speaks TLS hangs up",
    rejected: true,
    differs: lost,
    cluster: { server: "127.0.0.1:<https-port>", "certificate-authority-data": "<ca>" },
    user: { token: "t" },
  },
  {
    tries: "§1.6-1",
    name: "host:port with a CA runs no plugin",
    differs: lost,
    rejected: true,
    cluster: { server: "127.0.0.1:<https-port>", "certificate-authority-data": "<ca>" },
    user: { exec },
    plugin,
  },
  {
    tries: "§1.6-1",
    name: "host:port that is insecure",
    differs: lost,
    rejected: true,
    cluster: { server: "127.0.0.1:<https-port>", "insecure-skip-tls-verify": true },
    user: { token: "t", as: "jane" },
  },
  {
    tries: "§1.6-1",
    name: "host:port and a certificate",
    differs: lost,
    rejected: true,
    cluster: { server: "127.0.0.1:<https-port>", "certificate-authority-data": "<ca>" },
    user: certificate,
  },
  {
    tries: "§1.6-1",
    name: "a host without a port and a scheme",
    differs: networkFault("Cannot connect to http://localhost: connection refused"),
    cluster: { server: "localhost" },
    user: { token: "t" },
    rejected: true,
  },
  {
    tries: "§1.6-2",
    name: "tokenFile wins over token",
    user: { token: "from-token", tokenFile: "token" },
    files: { "kube/token": "  from-token-file\n\n" },
  },
  {
    tries: "§1.6-2",
    name: "token and a tokenFile that is missing",
    user: { token: "from-token", tokenFile: "missing" },
  },
  {
    tries: "§1.6-2",
    name: "token and an empty tokenFile",
    user: { token: "from-token", tokenFile: "token" },
    files: { "kube/token": "" },
  },
  {
    tries: "§1.6-2",
    name: "a tokenFile that is missing",
    user: { tokenFile: "missing" },
    rejected: true,
  },
  {
    tries: "§1.6-2",
    name: "a tokenFile that is a directory",
    user: { tokenFile: "." },
    rejected: true,
  },
  {
    tries: "§1.6-2",
    name: "a tokenFile that may not be read",
    user: { tokenFile: "token" },
    files: { "kube/token": { text: "secret", mode: 0 } },
    unprivileged: true,
    rejected: true,
  },
  {
    tries: "§1.6-2",
    name: "an empty tokenFile",
    differs: badToken(/^read empty token from file ".*\/kube\/token"$/),
    rejected: true,
    user: { tokenFile: "token" },
    files: { "kube/token": "" },
  },
  {
    tries: "§1.6-2",
    name: "a tokenFile of spaces",
    differs: badToken(/^read empty token from file ".*\/kube\/token"$/),
    rejected: true,
    user: { tokenFile: "token" },
    files: { "kube/token": " \n" },
  },
  {
    tries: "§1.6-3",
    name: "basic and token of one user",
    user: { token: "t", username: "a", password: "b" },
    rejected: true,
  },
  {
    tries: "§1.6-3",
    name: "basic of the file and --token",
    user: { username: "a", password: "b" },
    args: ["--token", "t"],
    rejected: true,
  },
  {
    tries: "§1.6-3",
    name: "token of the file and --username",
    user: { token: "t" },
    args: ["--username", "a"],
    rejected: true,
  },
  {
    tries: "§1.6-3",
    name: "basic and tokenFile",
    user: { tokenFile: "token", username: "a", password: "b" },
    files: { "kube/token": "from-token-file" },
    rejected: true,
  },
  { tries: "§1.6-3", name: "basic", user: { username: "ä:b", password: "c:d" } },
  { tries: "§1.6-3", name: "a user name alone", user: { username: "a" } },
  {
    tries: "§1.6-3",
    name: "a password alone",
    user: { password: "b" },
    rejected: true,
    differs: noQuestion(),
  },
  { tries: "§1.6-4", name: "a plugin beside a token does not run", user: { exec, token: "t" }, plugin },
  {
    tries: "§1.6-4",
    name: "a plugin beside a tokenFile does not run",
    user: { exec, tokenFile: "token" },
    files: { "kube/token": "from-token-file" },
    plugin,
  },
  { tries: "§1.6-4", name: "a plugin beside basic does not run", user: { exec, username: "a" }, plugin },
  {
    tries: "§1.6-4",
    name: "a plugin beside a certificate does not run",
    user: { exec, ...certificate },
    plugin,
  },
  {
    tries: "§1.6-4",
    name: "--token keeps the plugin from running",
    user: { exec },
    args: ["--token=t"],
    plugin,
  },
  {
    tries: "§1.6-4",
    name: "--username keeps the plugin from running",
    user: { exec },
    args: ["--username=a", "--password=b"],
    plugin,
  },
  {
    tries: "§1.6-4",
    name: "a key without a certificate does not keep it from running",
    user: { exec, "client-key-data": "<key>" },
    plugin,
  },
  {
    tries: "§1.6-5",
    name: "a token beside an auth provider",
    user: {
      token: "t",
      "auth-provider": { name: "oidc", config: { "idp-issuer-url": "https://i", "client-id": "c" } },
    },
  },
  {
    tries: "§1.6-5",
    name: "basic beside an auth provider",
    user: {
      username: "a",
      password: "b",
      "auth-provider": { name: "oidc", config: { "idp-issuer-url": "https://i", "client-id": "c" } },
    },
  },
  { tries: "§1.6-6", name: "a token and a certificate are both sent", user: { token: "t", ...certificate } },
  { tries: "§1.6-6", name: "a certificate alone", user: certificate },
  {
    tries: "§1.6-6",
    name: "basic and a certificate are both sent",
    user: { username: "a", password: "b", ...certificate },
  },
  {
    tries: "§1.6-7",
    name: "a plugin and an auth provider",
    user: { exec, "auth-provider": { name: "oidc", config: {} } },
    rejected: true,
  },
  {
    tries: "§1.6-9",
    name: "nothing that identifies the user",
    user: {},
    rejected: true,
    differs: noQuestion(),
  },
  {
    tries: "§1.6-9",
    name: "a user that the context names and nobody has",
    differs: noQuestion(),
    context: { cluster: "prod", user: "nobody" },
    rejected: true,
  },
  {
    tries: "§1.6-9",
    name: "impersonation identifies nobody",
    differs: noQuestion(["impersonate-user: jane"]),
    user: { as: "jane" },
    rejected: true,
  },
  {
    tries: "§4.2 mixed",
    name: "certificate data and a key file",
    user: { "client-certificate-data": "<cert>", "client-key": "key.pem" },
    files: { "kube/key.pem": "<key-pem>" },
  },
  {
    tries: "§4.2 mixed",
    name: "a certificate file and key data",
    user: { "client-certificate": "cert.pem", "client-key-data": "<key>" },
    files: { "kube/cert.pem": "<cert-pem>" },
  },
  {
    tries: "§4.2 certificate",
    name: "a certificate and the key of another",
    differs: badPair("Cannot use the client key: it belongs to another certificate"),
    user: { "client-certificate-data": "<cert>", "client-key-data": "<key2>" },
    rejected: true,
  },
  {
    tries: "§4.2 certificate",
    name: "a certificate that is none",
    differs: badPair("Cannot use the client certificate: it has no certificate in PEM"),
    user: { "client-certificate-data": "bm9uZQ==", "client-key-data": "<key>" },
    rejected: true,
  },
  {
    tries: "§4.2 certificate",
    name: "a key that is none",
    differs: badPair("Cannot use the client key: it has no private key in PEM"),
    user: { "client-certificate-data": "<cert>", "client-key-data": "bm9uZQ==" },
    rejected: true,
  },
  {
    tries: "§4.2 certificate",
    name: "a host:port server and a certificate of no use",
    cluster: { ...trusted, "certificate-authority-data": "", server: "<http>" },
    user: certificate,
  },
];
