/** Where an API server asks. */
export const webhookUrl = (hostname: string, port: number): string =>
  `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/authenticate`;

/**
 * What `--authentication-token-webhook-config-file` of an API server names. `trust` is PEM.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
 */
export const webhookKubeconfig = (url: string, trust: string): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    "- name: aws-iam-authenticator",
    "  cluster:",
    `    certificate-authority-data: ${Buffer.from(trust, "utf8").toString("base64")}`,
    `    server: ${url}`,
    "users:",
    "- name: apiserver",
    "contexts:",
    "- name: webhook",
    "  context:",
    "    cluster: aws-iam-authenticator",
    "    user: apiserver",
    "current-context: webhook",
    "",
  ].join("\n");
