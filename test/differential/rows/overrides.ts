import { differs, unverified } from "../differences.ts";
import type { Fields, Json, Row } from "../row.ts";

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };
const token: Fields = { token: "from-file" };
const pems = {
  "pki/ca.pem": "<ca-pem>",
  "pki/cert.pem": "<cert-pem>",
  "pki/key.pem": "<key-pem>",
  "pki/cert2.pem": "<cert2-pem>",
  "pki/key2.pem": "<key2-pem>",
};

/** Two of everything; the first is the current one. */
const two: Json = {
  "current-context": "one",
  clusters: [
    { name: "one", cluster: trusted },
    { name: "two", cluster: { ...trusted, server: "<https>/two" } },
  ],
  users: [
    { name: "one", user: { token: "token-one" } },
    { name: "two", user: { token: "token-two" } },
  ],
  contexts: [
    { name: "one", context: { cluster: "one", user: "one" } },
    { name: "two", context: { cluster: "two", user: "two" } },
    { name: "none", context: {} },
  ],
};

const flags = (name: string, ...args: readonly string[]): Row => ({
  tries: "§1.5 flags",
  name,
  config: two,
  args,
});

/** kubectl's global flags (§1.5). */
export const OVERRIDE_ROWS: readonly Row[] = [
  flags("--context", "--context", "two"),
  flags("--cluster", "--cluster=two"),
  flags("--user", "--user", "two"),
  flags("--cluster and --user over --context", "--context", "two", "--cluster", "one", "--user", "one"),
  flags("a context without anything, and flags for both", "--context=none", "--cluster=two", "--user=one"),
  flags("--server and its short form", "-s", "<https>/short"),
  flags("--token", "--token", "from-flag"),
  flags("an empty --token says nothing", "--token="),
  {
    tries: "§1.5 flags",
    name: "no kubeconfig, only flags",
    config: "none",
    env: { KUBECONFIG: undefined },
    files: pems,
    args: ["--server=<https>", "--certificate-authority=<dir>/pki/ca.pem", "--token=from-flag"],
  },
  {
    tries: "§1.5 flags",
    name: "--username and --password",
    user: {},
    args: ["--username", "somebody", "--password", "pass: word"],
  },
  {
    tries: "§1.5 flags",
    name: "--client-certificate and --client-key, relative",
    files: { "work/cert.pem": "<cert-pem>", "work/key.pem": "<key-pem>" },
    args: ["--client-certificate", "cert.pem", "--client-key", "key.pem"],
  },
  {
    tries: "§1.5 flags",
    name: "--kubeconfig= that is empty counts as none, and the last of two counts",
    config: two,
    args: ["--user", "one", "--user", "two"],
  },
  {
    tries: "§1.5 defaults",
    name: "KUBERNETES_MASTER, where no server is named",
    cluster: { "certificate-authority-data": "<ca>" },
    user: token,
    env: { KUBERNETES_MASTER: "<https>/master" },
  },
  {
    tries: "§1.5 defaults",
    name: "KUBERNETES_MASTER, where one is named",
    user: token,
    env: { KUBERNETES_MASTER: "<https>/master" },
  },
  {
    tries: "§1.5 O1",
    name: "--insecure-skip-tls-verify over CA data",
    differs: unverified,
    cluster: { server: "<https>", "certificate-authority-data": "<other-ca>" },
    user: token,
    args: ["--insecure-skip-tls-verify"],
  },
  {
    tries: "§1.5 O1",
    name: "--insecure-skip-tls-verify over a CA file that is missing",
    differs: unverified,
    cluster: { server: "<https>", "certificate-authority": "missing" },
    user: token,
    args: ["--insecure-skip-tls-verify=true"],
  },
  {
    tries: "§1.5 O1",
    name: "--insecure-skip-tls-verify=false changes nothing",
    user: token,
    args: ["--insecure-skip-tls-verify=false"],
  },
  {
    tries: "§1.5 O2",
    name: "--certificate-authority over CA data",
    cluster: { server: "<https>", "certificate-authority-data": "<other-ca>" },
    user: token,
    files: pems,
    args: ["--certificate-authority", "<dir>/pki/ca.pem"],
  },
  {
    tries: "§1.5 O2",
    name: "--certificate-authority over insecure",
    cluster: { server: "<https>", "insecure-skip-tls-verify": true },
    user: token,
    files: pems,
    args: ["--certificate-authority", "<dir>/pki/ca.pem"],
  },
  {
    tries: "§1.5 O2",
    name: "--certificate-authority that is missing",
    user: token,
    args: ["--certificate-authority", "<dir>/missing"],
    rejected: true,
  },
  {
    tries: "§1.5 O3",
    name: "--server takes the file's tls-server-name away",
    cluster: { ...trusted, server: "<named>", "tls-server-name": "wrong.test" },
    user: token,
    args: ["--server", "<https>"],
  },
  {
    tries: "§1.5 O3",
    name: "--server with --tls-server-name",
    cluster: { ...trusted, "tls-server-name": "wrong.test" },
    user: token,
    args: ["--server", "<named>", "--tls-server-name", "elsewhere.test"],
  },
  {
    tries: "§1.5 O4",
    name: "--client-certificate and --client-key over data",
    user: { "client-certificate-data": "<cert>", "client-key-data": "<key>" },
    files: pems,
    args: ["--client-certificate=<dir>/pki/cert2.pem", "--client-key=<dir>/pki/key2.pem"],
  },
  {
    tries: "§1.5 O4",
    name: "--client-certificate alone, and the key of the file",
    user: { "client-certificate-data": "<cert>", "client-key-data": "<key>" },
    files: pems,
    args: ["--client-certificate=<dir>/pki/cert.pem"],
  },
  {
    tries: "§1.5 O5",
    name: "--as-user-extra is merged by key",
    user: {
      ...token,
      as: "jane",
      "as-user-extra": { kept: ["file"], changed: ["file"] },
    },
    args: ["--as-user-extra", "changed=flag", "--as-user-extra", "new=1", "--as-user-extra", "new=2"],
  },
  {
    tries: "§1.5 O5",
    name: "--as-user-extra without = is left out, with nothing behind it is empty",
    user: { ...token, as: "jane" },
    args: ["--as-user-extra", "ignored", "--as-user-extra", "empty="],
  },
  {
    tries: "§1.5 O5",
    name: "--as-user-extra with a comma and a second =",
    user: { ...token, as: "jane" },
    args: ["--as-user-extra", "a=1,b=2", "--as-user-extra", "c=d=e"],
  },
  {
    tries: "§1.5 O6",
    name: "--as-group replaces those of the file",
    user: { ...token, as: "jane", "as-groups": ["one", "two"] },
    args: ["--as-group", "three", "--as-group=four,five"],
  },
  {
    tries: "§1.5 O6",
    name: "--as and --as-uid",
    user: { ...token, as: "jane", "as-uid": "1" },
    args: ["--as", "joe", "--as-uid", "2"],
  },
  {
    tries: "§1.5 O7",
    name: "--token over tokenFile: the file is sent",
    user: { tokenFile: "token" },
    files: { "kube/token": "from-token-file" },
    args: ["--token", "from-flag"],
  },
  {
    tries: "§1.5 O7",
    name: "--token over a tokenFile that is missing",
    user: { tokenFile: "token" },
    args: ["--token", "from-flag"],
  },
  {
    tries: "§1.5 O8",
    name: "--token over a client certificate: both",
    user: { "client-certificate-data": "<cert>", "client-key-data": "<key>" },
    args: ["--token", "from-flag"],
  },
  {
    tries: "§1.5 O9",
    name: "--context that is unknown",
    config: two,
    args: ["--context", "X"],
    rejected: true,
  },
  { tries: "§1.5 O9", name: "--user that is unknown", config: two, args: ["--user", "X"], rejected: true },
  {
    tries: "§1.5 O9",
    name: "--cluster that is unknown",
    config: two,
    args: ["--cluster", "X"],
    rejected: true,
  },
  ...["0", "30", "1m30s", "1.5s", "500ms", "1h", "+5", "0s", ""].map((value): Row => ({
    tries: "§1.5 O10",
    name: `--request-timeout ${value}`,
    user: token,
    args: [`--request-timeout=${value}`],
  })),
  ...["soon", "-1", "1.5", "5 s"].map((value): Row => ({
    tries: "§1.5 O10",
    name: `--request-timeout "${value}"`,
    user: token,
    args: [`--request-timeout=${value}`],
    rejected: true,
  })),
  {
    tries: "§1.5 O11",
    name: "a namespace that nobody looks at",
    user: token,
    args: ["--namespace", "ns/x"],
  },
  {
    tries: "§1.5 O12",
    name: "the path of a server is a prefix; query and fragment go",
    cluster: { ...trusted, server: "<https>/prefix/deep?x=1#y" },
    user: token,
  },
  {
    tries: "§1.5 O12",
    name: "the slash of a server alone",
    cluster: { ...trusted, server: "<https>/" },
    user: token,
  },
  {
    tries: "§1.5 O12",
    name: "two slashes",
    cluster: { ...trusted, server: "<https>//" },
    user: token,
  },
  {
    tries: "§1.5 O12",
    name: "a slash at the end of a path",
    cluster: { ...trusted, server: "<https>/k8s/clusters/c-1/" },
    user: token,
  },
  {
    tries: "§1.5 O12",
    name: "a query without a path",
    cluster: { ...trusted, server: "<https>?x=1" },
    user: token,
  },
  {
    tries: "§1.5 O12",
    name: "an escaped path",
    differs: differs("Escaped characters in a server's path", {
      requests: [{ request: /^POST \/a%2Fb\/%C3%BC\/apis\// }],
    }),
    cluster: { ...trusted, server: "<https>/a%2Fb/ü" },
    user: token,
  },
];
