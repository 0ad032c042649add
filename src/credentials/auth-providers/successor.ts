import type { System } from "../../base/system.ts";
import { azureCloud } from "./azure-cloud.ts";

export interface ProviderUser {
  /** As the kubeconfig names it. */
  readonly name: string;
  readonly config: ReadonlyMap<string, string>;
  /** The kubeconfig that holds it, when that is not kubectl's usual one. */
  readonly kubeconfig: string | undefined;
}

interface Successor {
  /** The version of Kubernetes that took the provider out of kubectl. */
  readonly removed: string;
  readonly plugin: string;
  readonly interactive: "IfAvailable" | "Never";
  readonly arguments: readonly string[];
  readonly clusterInfo?: true;
}

const API_VERSION = "client.authentication.k8s.io/v1beta1";

/** What took the place of a provider, with the same settings as far as they are no secrets. */
const successorOf = (provider: string, config: ReadonlyMap<string, string>): Successor | undefined => {
  const option = (flag: string, key: string): readonly string[] => {
    const value = config.get(key) ?? "";
    return value === "" ? [] : [`--${flag}`, value];
  };
  switch (provider) {
    case "gcp":
      return {
        removed: "1.26",
        plugin: "gke-gcloud-auth-plugin",
        interactive: "IfAvailable",
        arguments: [],
        clusterInfo: true,
      };
    case "azure":
      return {
        removed: "1.26",
        plugin: "kubelogin",
        interactive: "IfAvailable",
        arguments: [
          "get-token",
          "--login",
          "devicecode",
          "--environment",
          azureCloud(config.get("environment") ?? "").name,
          ...option("tenant-id", "tenant-id"),
          ...option("client-id", "client-id"),
          ...option("server-id", "apiserver-id"),
          // The audience with "spn:".
          ...(["", "0"].includes(config.get("config-mode") ?? "") ? ["--legacy"] : []),
        ],
      };
    case "openstack":
      return {
        removed: "1.19",
        plugin: "client-keystone-auth",
        interactive: "IfAvailable",
        // The password stays in OS_PASSWORD, or is asked for.
        arguments: [
          ...option("keystone-url", "identityEndpoint"),
          ...option("domain-name", "name"),
          ...option("user-name", "username"),
          ...option("project-name", "tenantName"),
        ],
      };
    default:
      return undefined;
  }
};

/**
 * One line: that kubectl no longer knows the provider, what replaced it, and the command that moves the user over.
 * Undefined for a provider that is still there. kubectl refuses a user with both, so the old one is taken out too.
 */
export const successorLine = (provider: string, user: ProviderUser): string | undefined => {
  const successor = successorOf(provider, user.config);
  if (successor === undefined) return undefined;
  const kubectl = [
    "kubectl",
    ...(user.kubeconfig === undefined ? [] : [`--kubeconfig=${user.kubeconfig}`]),
    "config",
  ];
  const set = [
    ...kubectl,
    "set-credentials",
    user.name,
    `--exec-command=${successor.plugin}`,
    `--exec-api-version=${API_VERSION}`,
    `--exec-interactive-mode=${successor.interactive}`,
    ...(successor.clusterInfo === true ? ["--exec-provide-cluster-info=true"] : []),
    ...successor.arguments.map((argument) => `--exec-arg=${csv(argument)}`),
  ];
  const unset = [...kubectl, "unset", `users.${user.name}.auth-provider`];
  const command = [set, unset].map((words) => words.map(shellWord).join(" ")).join(" && ");
  return `kubectl has no auth provider "${provider}" since ${successor.removed}; ${successor.plugin} took its place. kauth still signs you in. To move on: ${command}`;
};

/** kubectl splits at commas what no double quotes hold together. */
const csv = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** For a POSIX shell. */
const shellWord = (text: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Says it once a process. */
export const tellSuccessor = (provider: string, user: ProviderUser, system: System): void => {
  const line = successorLine(provider, user);
  if (line !== undefined) system.shared(`auth provider ${provider} is told of`, () => system.log.say(line));
};
