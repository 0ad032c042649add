import { KnownError, messageOf } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import { certificatesOf } from "../base/pem.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";
import { overrideCluster, overrideUser } from "./override.ts";
import { EMPTY_CLUSTER, EMPTY_USER } from "./select.ts";
import type { ClientConfig, Overrides } from "./types.ts";

/** Where Kubernetes puts the credential of a pod's service account. */
const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
/** A token, an authority or a namespace of a pod. */
const FILE_LIMIT = KiB(256);

interface Service {
  readonly host: string;
  readonly port: string;
}

const service = (env: System["env"]): Service | undefined => {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "";
  return host === "" || port === "" ? undefined : { host, port };
};

/** Whether this is a pod with a service account (credentials.md §1.8). */
export const inClusterPossible = async (system: System): Promise<boolean> => {
  if (service(system.env) === undefined) return false;
  const facts = await system.files.facts(`${DIRECTORY}/token`);
  return facts !== undefined && facts.kind !== "directory";
};

/**
 * The pod's own credential. Of flags, the server, a token and the authority's file count, as with client-go, and
 * whom to act as: to be more than was asked for would be the wrong way to fail.
 * @throws {KnownError} KUBECONFIG_EMPTY outside of a pod, CLIENT_CONFIG_INVALID for a token that cannot be read
 */
export async function inClusterConfig(
  selected: Pick<ClientConfig, "requestTimeout" | "namespace">,
  overrides: Overrides,
  system: System,
): Promise<ClientConfig> {
  const found = service(system.env);
  if (found === undefined)
    throw new KnownError(
      "KUBECONFIG_EMPTY",
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
    );
  const { host, port } = found;
  const address = `https://${/[:%]/.test(host) ? `[${host}]` : host}:${port}`;
  const server = overrides.server === undefined || overrides.server === "" ? address : overrides.server;
  if (!URL.canParse(server))
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `host must be a URL or a host:port pair: ${JSON.stringify(server)}`,
      { hint: "It comes from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, or from --server" },
    );
  const named = overrideUser(EMPTY_USER, overrides, system);
  const { certificateAuthority: authority } = overrideCluster(EMPTY_CLUSTER, overrides, system);
  const own = await ownToken(system);
  const flagged = named.token !== undefined || named.tokenFile !== undefined;
  return {
    contextName: undefined,
    clusterName: undefined,
    userName: undefined,
    server: new URL(server),
    cluster: {
      ...EMPTY_CLUSTER,
      server,
      certificateAuthority: authority ?? (await ownAuthority(system)),
    },
    user: {
      ...EMPTY_USER,
      ...(flagged ? { token: named.token, tokenFile: named.tokenFile } : own),
      impersonate: named.impersonate,
    },
    impersonate: named.impersonate,
    namespace: selected.namespace,
    requestTimeout: selected.requestTimeout,
    userOrigin: undefined,
    userOriginFacts: undefined,
  };
}

/** The token, and the file that it is read from again. */
const ownToken = async (
  system: System,
): Promise<{ readonly token: Secret | undefined; readonly tokenFile: string }> => {
  const tokenFile = `${DIRECTORY}/token`;
  try {
    const text = (await system.files.read(tokenFile, FILE_LIMIT)).toString("utf8").trim();
    return { token: text === "" ? undefined : new Secret(text), tokenFile };
  } catch (error) {
    throw new KnownError("CLIENT_CONFIG_INVALID", osError(tokenFile, error), {
      cause: error,
      hint: "The service account's token is mounted there; check automountServiceAccountToken of the pod",
    });
  }
};

/** Without a good one the system's authorities count, as with client-go. */
const ownAuthority = async (system: System): Promise<string | undefined> => {
  const path = `${DIRECTORY}/ca.crt`;
  try {
    const text = (await system.files.read(path, FILE_LIMIT)).toString("utf8");
    if (certificatesOf(text).length > 0) return path;
    throw new Error(
      `error creating pool from ${path}: data does not contain any valid RSA or ECDSA certificates`,
    );
  } catch (error) {
    system.log.warn(
      `Expected to load root CA config from ${path}, but got err: ${error instanceof KnownError ? messageOf(error) : osError(path, error)}`,
    );
    return undefined;
  }
};

/** The namespace that the pod runs in. */
export const inClusterNamespace = async (system: System): Promise<string> => {
  const named = system.env["POD_NAMESPACE"] ?? "";
  if (named !== "") return named;
  try {
    const text = (await system.files.read(`${DIRECTORY}/namespace`, FILE_LIMIT)).toString("utf8").trim();
    return text === "" ? "default" : text;
  } catch {
    return "default";
  }
};
