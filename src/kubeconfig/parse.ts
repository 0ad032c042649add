import { KnownError, messageOf } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { decodeText } from "./encoding.ts";
import { pathRules, resolveCommand, resolvePath } from "./path.ts";
import { byName, fileShape, type clusterShape, type execShape, type userShape } from "./shape.ts";
import { parseYaml } from "./yaml.ts";
import type { Cluster, Context, Entry, ExecConfig, Kubeconfig, OriginFacts, User } from "./types.ts";

/** Where a file lies: relative paths in it are relative to its directory (credentials.md §1.2). */
export interface FileOrigin {
  /** Absolute. */
  readonly path: string;
  /** How it was named, for messages. Default: the path. */
  readonly name?: string;
  /** Whose rules for paths count. Default: Linux's. */
  readonly platform?: NodeJS.Platform;
  /** Who could write it when it was read. Default: nobody knows. */
  readonly facts?: OriginFacts;
}

/**
 * Content of one file → Kubeconfig. JSON is YAML, so one parser reads both; unknown fields are ignored (L10).
 * @throws {KnownError} KUBECONFIG_INVALID with client-go's first line
 */
export async function parseKubeconfig(source: string | Uint8Array, origin?: FileOrigin): Promise<Kubeconfig> {
  const what = origin?.name ?? origin?.path ?? "kubeconfig";
  try {
    const text = typeof source === "string" ? source : decodeText(source);
    return convertFile((await parseYaml(text)) ?? {}, origin);
  } catch (error) {
    throw new KnownError("KUBECONFIG_INVALID", `error loading config file "${what}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const convertFile = (document: unknown, origin: FileOrigin | undefined): Kubeconfig => {
  const file = fileShape(document, "");
  checkKind(file.kind, file.apiVersion);
  const paths = resolverFor(origin);
  const entries = <T, U>(
    kind: "clusters" | "users" | "contexts",
    list: readonly (readonly [string, T])[],
    convert: (value: T) => U,
  ): ReadonlyMap<string, Entry<U>> =>
    new Map(
      [...byName(kind, list)].map(([name, value]) => [
        name,
        { value: convert(value), origin: origin?.path, originFacts: origin?.facts },
      ]),
    );
  return {
    currentContext: file["current-context"],
    clusters: entries("clusters", file.clusters, (shape) => toCluster(shape, paths)),
    users: entries("users", file.users, (shape) => toUser(shape, paths)),
    contexts: entries("contexts", file.contexts, ({ cluster, user, namespace }): Context => ({
      cluster,
      user,
      namespace,
    })),
    sources: origin === undefined ? [] : [origin.path],
  };
};

/** What is missing is taken for `v1` and `Config` (L10). */
const checkKind = (kind: string, apiVersion: string): void => {
  if ((kind === "" || kind === "Config") && (apiVersion === "" || apiVersion === "v1")) return;
  throw new Error(
    `no kind ${JSON.stringify(kind || "Config")} is registered for version ${JSON.stringify(apiVersion || "v1")}`,
  );
};

interface Resolver {
  path(path: string | undefined): string | undefined;
  command(command: string): string;
}

/** What comes from no file stays as it is. */
const resolverFor = (origin: FileOrigin | undefined): Resolver => {
  if (origin === undefined) return { path: (path) => path, command: (command) => command };
  const platform = origin.platform ?? "linux";
  const directory = pathRules(platform).dirname(origin.path);
  return {
    path: (path) => (path === undefined ? undefined : resolvePath(path, directory, platform)),
    command: (command) => resolveCommand(command, directory, platform),
  };
};

const toCluster = (shape: ReturnType<typeof clusterShape>, paths: Resolver): Cluster => ({
  server: shape.server,
  tlsServerName: shape["tls-server-name"],
  insecureSkipTlsVerify: shape["insecure-skip-tls-verify"],
  certificateAuthority: paths.path(shape["certificate-authority"]),
  certificateAuthorityData: shape["certificate-authority-data"],
  proxyUrl: shape["proxy-url"],
  disableCompression: shape["disable-compression"],
  execConfig: shape.extensions,
});

const toUser = (shape: ReturnType<typeof userShape>, paths: Resolver): User => ({
  clientCertificate: paths.path(shape["client-certificate"]),
  clientCertificateData: shape["client-certificate-data"],
  clientKey: paths.path(shape["client-key"]),
  clientKeyData: shape["client-key-data"] === undefined ? undefined : new Secret(shape["client-key-data"]),
  token: shape.token,
  tokenFile: paths.path(shape.tokenFile),
  username: shape.username,
  password: shape.password,
  impersonate: {
    user: shape.as,
    uid: shape["as-uid"],
    groups: shape["as-groups"],
    extra: shape["as-user-extra"],
  },
  exec: shape.exec === undefined ? undefined : toExec(shape.exec, paths),
  authProvider: shape["auth-provider"],
});

const toExec = (shape: ReturnType<typeof execShape>, paths: Resolver): ExecConfig => ({
  ...shape,
  command: paths.command(shape.command),
  // v1beta1 and v1alpha1 have a default, v1 has none (credentials.md §1.7).
  interactiveMode:
    shape.interactiveMode === "" && /\/v1(?:alpha1|beta1)$/.test(shape.apiVersion)
      ? "IfAvailable"
      : shape.interactiveMode,
});
