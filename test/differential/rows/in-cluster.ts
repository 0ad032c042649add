import { differs, networkFault, NOTHING_CONFIGURED } from "../differences.ts";
import type { Fields, Json, Row } from "../row.ts";

const account = {
  "account/token": "from-account\n",
  "account/ca.crt": "<ca-pem>",
  "account/namespace": "apps\n",
};
const env = {
  KUBECONFIG: undefined,
  KUBERNETES_SERVICE_HOST: "127.0.0.1",
  KUBERNETES_SERVICE_PORT: "<https-port>",
};

const row = (name: string, more: Partial<Row> = {}): Row => ({
  tries: "§1.8",
  name,
  config: "none",
  files: account,
  pod: true,
  env,
  ...more,
});

const kubeconfig = (more: Fields = {}): Json => ({
  "current-context": "work",
  clusters: [{ name: "c", cluster: { server: "<https>/file", "certificate-authority-data": "<ca>" } }],
  users: [{ name: "u", user: { token: "from-file" } }],
  contexts: [{ name: "work", context: { cluster: "c", user: "u" } }],
  ...more,
});

const untrusted =
  /^Cannot trust https:\/\/127\.0\.0\.1:\d+(?:\/flag)?: its certificate was not issued by an authority that this system trusts/;

/** Inside of a pod, with its service account (§1.8). */
export const IN_CLUSTER_ROWS: readonly Row[] = [
  row("no kubeconfig: the service account"),
  row("an empty kubeconfig: the service account", {
    files: { ...account, "home/.kube/config": "" },
  }),
  row("a kubeconfig without a current context: the service account", {
    files: { ...account, "home/.kube/config": kubeconfig({ "current-context": "" }) },
  }),
  row("a kubeconfig wins", { files: { ...account, "home/.kube/config": kubeconfig() } }),
  row("a kubeconfig with a fault does not give way", {
    files: { ...account, "home/.kube/config": kubeconfig({ "current-context": "missing" }) },
    rejected: true,
  }),
  row("--token", { args: ["--token", "from-flag"] }),
  row("--server leaves the pod out of it", {
    args: ["--server", "<https>/flag"],
    rejected: true,
    differs: differs("No question for a user name", { message: untrusted }),
  }),
  row("--certificate-authority", {
    files: { ...account, "account/ca.crt": "<other-ca-pem>", "work/ca.pem": "<ca-pem>" },
    args: ["--certificate-authority", "ca.pem"],
  }),
  row("--insecure-skip-tls-verify", {
    files: { ...account, "account/ca.crt": "nothing" },
    args: ["--insecure-skip-tls-verify"],
    rejected: true,
    differs: networkFault(untrusted),
  }),
  row("--as", {
    args: ["--as", "jane"],
    rejected: true,
    differs: differs("Acting as somebody else in a pod", {
      done: true,
      message: "",
      requests: [{ identity: ["authorization: Bearer from-account", "impersonate-user: jane"] }],
    }),
  }),
  row("--namespace", { args: ["--namespace", "other"] }),
  row("POD_NAMESPACE", { env: { ...env, POD_NAMESPACE: "mine" } }),
  row("HTTPS_PROXY", { env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1" } }),
  row("an empty token", { files: { ...account, "account/token": "" }, rejected: true }),
  row("a CA that is none: those of the system", {
    files: { ...account, "account/ca.crt": "nothing" },
    rejected: true,
    differs: networkFault(untrusted),
  }),
  row("no CA", {
    files: { "account/token": "from-account" },
    rejected: true,
    differs: networkFault(untrusted),
  }),
  row("no token", { files: { "account/ca.crt": "<ca-pem>" }, rejected: true, differs: NOTHING_CONFIGURED }),
  row("no port", {
    env: { ...env, KUBERNETES_SERVICE_PORT: undefined },
    rejected: true,
    differs: NOTHING_CONFIGURED,
  }),
];
