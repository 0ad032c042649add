import { differs, maskedPassword, noLocalhost, NOTHING_CONFIGURED } from "../differences.ts";
import type { Fields, Json, Row } from "../row.ts";

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };
const token: Fields = { token: "t" };
const exec: Fields = {
  apiVersion: "client.authentication.k8s.io/v1",
  command: "recording-plugin",
  interactiveMode: "Never",
};

const rejected = (name: string, row: Partial<Row>): Row => ({
  tries: "§1.7",
  name,
  rejected: true,
  ...row,
});

const proxyUrl = (url: string, more: Partial<Row> = {}): Row =>
  rejected(`proxy-url ${url}`, { cluster: { ...trusted, "proxy-url": url }, user: token, ...more });

const withExec = (name: string, more: Fields): Row =>
  rejected(name, { user: { exec: { ...exec, ...more } } });

const current = (contexts: Json): Json => ({
  "current-context": "work",
  clusters: [{ name: "prod", cluster: trusted }],
  users: [{ name: "alice", user: token }],
  contexts,
});

const REMOVED = "Auth providers that kubectl removed";

/** What client-go says of a selection that cannot be used (§1.7). */
export const VALIDATION_ROWS: readonly Row[] = [
  rejected("the current context is unknown", { config: current([]) }),
  rejected("a cluster without a server", {
    cluster: { "tls-server-name": "x" },
    user: token,
    differs: noLocalhost('no server found for cluster "prod"'),
  }),
  rejected("a cluster of which nothing is said", { cluster: {}, user: token, differs: NOTHING_CONFIGURED }),
  rejected("a cluster that nobody has", { cluster: "none", user: token, differs: NOTHING_CONFIGURED }),
  rejected("a context without a cluster", {
    config: current([{ name: "work", context: { user: "alice" } }]),
    differs: NOTHING_CONFIGURED,
  }),
  rejected("a context that is empty", { config: current([{ name: "work" }]), differs: NOTHING_CONFIGURED }),
  rejected("no current context", {
    config: { ...(current([]) as Fields), "current-context": "" },
    differs: NOTHING_CONFIGURED,
  }),
  rejected("a flag makes a cluster of nothing", {
    config: "none",
    args: ["--tls-server-name", "x"],
    differs: noLocalhost("default cluster has no server defined"),
  }),
  proxyUrl("socks6://proxy:1080"),
  proxyUrl("example.com"),
  proxyUrl("chewbacca@example.com"),
  proxyUrl("socks5h://proxy:1080"),
  proxyUrl("http//proxy"),
  proxyUrl("127.0.0.1:3128"),
  proxyUrl("ftp://user:p4ss@proxy", {
    differs: maskedPassword(
      /^invalid 'proxy-url' "ftp:\/\/user:xxxxx@proxy" for cluster "prod": unsupported scheme "ftp"/,
    ),
  }),
  proxyUrl("http://[::1"),
  rejected("CA file and data", {
    cluster: { ...trusted, "certificate-authority": "ca.pem" },
    user: token,
    files: { "kube/ca.pem": "<ca-pem>" },
  }),
  rejected("CA file and data, and the file is missing", {
    cluster: { ...trusted, "certificate-authority": "missing" },
    user: token,
  }),
  rejected("a CA file that is missing", {
    cluster: { server: "<https>", "certificate-authority": "missing" },
    user: token,
  }),
  rejected("a CA file that may not be read", {
    cluster: { server: "<https>", "certificate-authority": "ca.pem" },
    user: token,
    files: { "kube/ca.pem": { text: "<ca-pem>", mode: 0 } },
    unprivileged: true,
  }),
  rejected("a certificate file and data", {
    user: {
      "client-certificate": "cert.pem",
      "client-certificate-data": "<cert>",
      "client-key-data": "<key>",
    },
    files: { "kube/cert.pem": "<cert-pem>" },
  }),
  rejected("a key file and data", {
    user: { "client-key": "key.pem", "client-certificate-data": "<cert>", "client-key-data": "<key>" },
    files: { "kube/key.pem": "<key-pem>" },
  }),
  rejected("a certificate without a key", { user: { "client-certificate-data": "<cert>" } }),
  rejected("a certificate file without a key", {
    user: { "client-certificate": "cert.pem" },
    files: { "kube/cert.pem": "<cert-pem>" },
  }),
  {
    tries: "§1.7",
    name: "a key without a certificate is not looked at",
    user: { ...token, "client-key": "missing" },
  },
  rejected("a certificate file that is missing", {
    user: { "client-certificate": "missing", "client-key-data": "<key>" },
  }),
  rejected("a key file that is missing", {
    user: { "client-certificate-data": "<cert>", "client-key": "missing" },
  }),
  rejected("both files are missing", { user: { "client-certificate": "no-cert", "client-key": "no-key" } }),
  rejected("token and basic", { user: { token: "t", username: "a" } }),
  rejected("token and a password alone", { user: { token: "t", password: "b" } }),
  withExec("exec without a command", { command: "" }),
  withExec("exec without an apiVersion", { apiVersion: "" }),
  withExec("exec with a variable without a name", { env: [{ name: "", value: "x" }] }),
  withExec("exec v1 without an interactiveMode", { interactiveMode: "" }),
  withExec("exec with an interactiveMode that nobody knows", { interactiveMode: "Sometimes" }),
  rejected("exec of which nothing is said", { user: { exec: {} } }),
  rejected("exec and an auth provider", { user: { exec, "auth-provider": { name: "oidc", config: {} } } }),
  rejected("exec checks count beside a token too", { user: { ...token, exec: { ...exec, command: "" } } }),
  rejected("exec of an apiVersion of long ago", {
    user: { exec: { ...exec, apiVersion: "client.authentication.k8s.io/v1alpha1" } },
  }),
  rejected("exec of an apiVersion of nobody", { user: { exec: { ...exec, apiVersion: "v1" } } }),
  rejected("groups without a user to be", { user: { ...token, "as-groups": ["g"] } }),
  rejected("a uid without a user to be", { user: { ...token, "as-uid": "1" } }),
  rejected("extra without a user to be", { user: { ...token, "as-user-extra": { a: ["b"] } } }),
  rejected("--as-group without --as", { user: token, args: ["--as-group", "g"] }),
  rejected("several faults at once", {
    cluster: { "certificate-authority": "missing" },
    user: { token: "t", username: "a", "as-uid": "1" },
    differs: noLocalhost(
      /user-extra for alice without impersonating a user, no server found for cluster "prod", unable to read certificate-authority /,
    ),
  }),
  rejected("several faults of a certificate", {
    user: { "client-certificate": "missing", "client-certificate-data": "<cert>" },
  }),
  {
    tries: "§1.7",
    name: "faults of entries that are not selected do not count",
    config: {
      ...(current([{ name: "work", context: { cluster: "prod", user: "alice" } }]) as Fields),
      clusters: [
        { name: "prod", cluster: trusted },
        { name: "bad", cluster: { "proxy-url": "socks6://x" } },
      ],
      users: [
        { name: "alice", user: token },
        { name: "bad", user: { exec: {}, token: "t", username: "a" } },
      ],
    },
  },
  {
    tries: "§1.7",
    name: "a namespace that is none",
    user: token,
    context: { cluster: "prod", user: "alice", namespace: "Not A Label" },
  },
  rejected("a server that is no address", { cluster: { ...trusted, server: "https://" }, user: token }),
  rejected("a server of a strange scheme", { cluster: { ...trusted, server: "ftp://x" }, user: token }),
  rejected("a server with a space", { cluster: { ...trusted, server: "https://a b" }, user: token }),
  rejected("an unknown auth provider", { user: { "auth-provider": { name: "nobody", config: {} } } }),
  rejected("oidc without an issuer", { user: { "auth-provider": { name: "oidc", config: {} } } }),
  rejected("oidc without a client", {
    user: { "auth-provider": { name: "oidc", config: { "idp-issuer-url": "https://i.test" } } },
  }),
  rejected("the auth provider gcp", {
    user: { "auth-provider": { name: "gcp" } },
    differs: differs(REMOVED, {
      message: /^cannot construct google default token source: /,
      said: [
        /^kubectl has no auth provider "gcp" since 1\.26; gke-gcloud-auth-plugin took its place\. .*: kubectl .*config set-credentials alice /,
      ],
    }),
  }),
  rejected("the auth provider gcp with a token", {
    user: {
      "auth-provider": {
        name: "gcp",
        config: { "access-token": "gcp-token", expiry: "2099-01-01T00:00:00Z", "cmd-path": "/bin/false" },
      },
    },
    differs: differs(REMOVED, {
      done: true,
      message: "",
      said: [/^kubectl has no auth provider "gcp"/],
      requests: [{ identity: ["authorization: Bearer gcp-token"] }],
    }),
  }),
  rejected("the auth provider azure", {
    user: { "auth-provider": { name: "azure" } },
    differs: differs(REMOVED, {
      message: "creating a new azure token source for device code authentication: client-id is empty",
      said: [/^kubectl has no auth provider "azure" since 1\.26; kubelogin took its place\. /],
    }),
  }),
  rejected("the auth provider openstack", {
    user: { "auth-provider": { name: "openstack", config: { ttl: "1m" } } },
    differs: differs(REMOVED, {
      done: true,
      message: "",
      said: [
        /^kubectl has no auth provider "openstack" since 1\.19; client-keystone-auth took its place\. /,
        /^failed to get token: .*Missing environment variable \[OS_AUTH_URL\]; going on without a token$/,
      ],
      requests: [{ identity: [] }],
    }),
  }),

  {
    tries: "§1.8",
    name: "in-cluster variables count for nothing where there is a kubeconfig",
    user: token,
    env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" },
  },
  rejected("in-cluster variables without a service account", {
    tries: "§1.8",
    config: "none",
    env: {
      KUBECONFIG: undefined,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: "1",
    },
    differs: NOTHING_CONFIGURED,
  }),
];
