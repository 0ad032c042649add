import { dirname, isAbsolute, join, sep } from "node:path";
import {
  boolean,
  DecodeError,
  fallback,
  list,
  object,
  optional,
  record,
  string,
  unknown,
  type Decoder,
} from "../base/decode.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { parseYaml } from "./yaml.ts";
import type { AuthProvider, Cluster, Context, Entry, ExecConfig, Kubeconfig, User } from "./types.ts";

/** Where a file lies: relative paths in it are relative to its directory (credentials.md §1.2). */
export interface FileOrigin {
  /** Absolute. */
  readonly path: string;
}

const text = fallback(string, "");
const filled: Decoder<string | undefined> = (value, path) => {
  const read = optional(string)(value, path);
  return read === "" ? undefined : read;
};
const secret: Decoder<Secret | undefined> = (value, path) => {
  const read = filled(value, path);
  return read === undefined ? undefined : new Secret(read);
};
const base64: Decoder<string | undefined> = (value, path) => {
  const read = filled(value, path);
  if (read === undefined) return undefined;
  const compact = read.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) throw new DecodeError(path, "base64", value);
  return Buffer.from(compact, "base64").toString("utf8");
};
const scalarText: Decoder<string> = (value, path) =>
  typeof value === "number" || typeof value === "boolean" ? String(value) : text(value, path);

const named = <T>(inner: Decoder<T>, key: string): Decoder<readonly (readonly [string, T])[]> =>
  fallback(
    list((value, path) => {
      const fields = record(value, path);
      return [text(fields["name"], `${path}.name`), inner(fields[key] ?? {}, `${path}.${key}`)] as const;
    }),
    [],
  );

const extension: Decoder<unknown> = (value, path) => {
  const found = fallback(list(object({ name: text, extension: unknown })), [])(value, path);
  return found.find((entry) => entry.name === "client.authentication.k8s.io/exec")?.extension;
};

const clusterShape = object({
  server: filled,
  "tls-server-name": filled,
  "insecure-skip-tls-verify": fallback(boolean, false),
  "certificate-authority": filled,
  "certificate-authority-data": base64,
  "proxy-url": filled,
  "disable-compression": fallback(boolean, false),
  extensions: extension,
});

const execShape = object({
  command: text,
  args: fallback(list(scalarText), []),
  env: fallback(list(object({ name: text, value: scalarText })), []),
  apiVersion: text,
  installHint: filled,
  provideClusterInfo: fallback(boolean, false),
  interactiveMode: text,
});

const extraShape: Decoder<ReadonlyMap<string, readonly string[]>> = (value, path) =>
  new Map(
    Object.entries(fallback(record, {})(value, path)).map(([key, item]) => [
      key,
      fallback(list(string), [])(item, `${path}.${key}`),
    ]),
  );

const userShape = object({
  "client-certificate": filled,
  "client-certificate-data": base64,
  "client-key": filled,
  "client-key-data": base64,
  token: secret,
  tokenFile: filled,
  as: filled,
  "as-uid": filled,
  "as-groups": fallback(list(string), []),
  "as-user-extra": extraShape,
  username: filled,
  password: secret,
  "auth-provider": optional(object({ name: text, config: fallback(record, {}) })),
  exec: optional(execShape),
});

const contextShape = object({ cluster: filled, user: filled, namespace: filled });

const fileShape = object({
  "current-context": filled,
  clusters: named(clusterShape, "cluster"),
  users: named(userShape, "user"),
  contexts: named(contextShape, "context"),
});

/** v1beta1 and v1alpha1 have a default, v1 has none (credentials.md §1.7). */
const interactiveMode = (mode: string, apiVersion: string): string =>
  mode === "" && /\/v1(alpha1|beta1)$/.test(apiVersion) ? "IfAvailable" : mode;

const readExec = (shape: ReturnType<typeof execShape>, resolve: (path: string) => string): ExecConfig => ({
  ...shape,
  // Bare names are looked up on PATH; only what has a separator is a path.
  command: shape.command.includes(sep) ? resolve(shape.command) : shape.command,
  interactiveMode: interactiveMode(shape.interactiveMode, shape.apiVersion),
});

const readProvider = (shape: {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}): AuthProvider => ({
  name: shape.name,
  config: new Map(
    Object.entries(shape.config).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, scalarText(value, `auth-provider.config.${key}`)]],
    ),
  ),
});

/** Go's decoder refuses a list that names something twice (L12). */
const GO_NAMES = {
  clusters: ["NamedCluster", "api.Cluster"],
  users: ["NamedAuthInfo", "api.AuthInfo"],
  contexts: ["NamedContext", "api.Context"],
} as const;

const byName = <T, U>(
  kind: keyof typeof GO_NAMES,
  entries: readonly (readonly [string, T])[],
  convert: (value: T) => U,
  origin: string | undefined,
): ReadonlyMap<string, Entry<U>> => {
  const found = new Map<string, Entry<U>>();
  for (const [name, value] of entries) {
    if (found.has(name)) {
      const [list, single] = GO_NAMES[kind];
      throw new Error(
        `error converting *[]${list} into *map[string]*${single}: duplicate name "${name}" in list`,
      );
    }
    found.set(name, { value: convert(value), origin });
  }
  return found;
};

/**
 * Text of one file → Kubeconfig. JSON is YAML, so one parser reads both; unknown fields are ignored (L10).
 * @throws {KnownError} KUBECONFIG_INVALID with client-go's first line
 */
export async function parseKubeconfig(source: string, origin?: FileOrigin): Promise<Kubeconfig> {
  const what = origin?.path ?? "kubeconfig";
  try {
    return convertFile((await parseYaml(source)) ?? {}, origin);
  } catch (error) {
    throw new KnownError("KUBECONFIG_INVALID", `error loading config file "${what}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const convertFile = (document: unknown, origin: FileOrigin | undefined): Kubeconfig => {
  const file = fileShape(document, "");
  const resolve = (path: string): string =>
    origin === undefined || isAbsolute(path) ? path : join(dirname(origin.path), path);
  const resolved = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(path);
  const cluster = (shape: ReturnType<typeof clusterShape>): Cluster => ({
    server: shape.server,
    tlsServerName: shape["tls-server-name"],
    insecureSkipTlsVerify: shape["insecure-skip-tls-verify"],
    certificateAuthority: resolved(shape["certificate-authority"]),
    certificateAuthorityData: shape["certificate-authority-data"],
    proxyUrl: shape["proxy-url"],
    disableCompression: shape["disable-compression"],
    execConfig: shape.extensions,
  });
  const user = (shape: ReturnType<typeof userShape>): User => ({
    clientCertificate: resolved(shape["client-certificate"]),
    clientCertificateData: shape["client-certificate-data"],
    clientKey: resolved(shape["client-key"]),
    clientKeyData: shape["client-key-data"] === undefined ? undefined : new Secret(shape["client-key-data"]),
    token: shape.token,
    tokenFile: resolved(shape.tokenFile),
    username: shape.username,
    password: shape.password,
    impersonate: {
      user: shape.as,
      uid: shape["as-uid"],
      groups: shape["as-groups"],
      extra: shape["as-user-extra"],
    },
    exec: shape.exec === undefined ? undefined : readExec(shape.exec, resolve),
    authProvider: shape["auth-provider"] === undefined ? undefined : readProvider(shape["auth-provider"]),
  });
  return {
    currentContext: file["current-context"],
    clusters: byName("clusters", file.clusters, cluster, origin?.path),
    users: byName("users", file.users, user, origin?.path),
    contexts: byName("contexts", file.contexts, (shape): Context => shape, origin?.path),
    sources: origin === undefined ? [] : [origin.path],
  };
};
