import {
  boolean,
  dictionary,
  fallback,
  list,
  object,
  optional,
  record,
  string,
  unknown,
  type Decoder,
} from "../base/decode.ts";
import { base64Fault } from "../base/base64.ts";
import { Secret } from "../base/secret.ts";

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
  const fault = base64Fault(read);
  if (fault !== undefined)
    throw new Error(`illegal base64 data at input byte ${fault}\n${path || "value"} must be base64`);
  return Buffer.from(read, "base64").toString("utf8");
};
const named = <T>(inner: Decoder<T>, key: string): Decoder<readonly (readonly [string, T])[]> =>
  fallback(
    list((value, path) => {
      const fields = value === null ? {} : record(value, path);
      return [text(fields["name"], `${path}.name`), inner(fields[key] ?? {}, `${path}.${key}`)] as const;
    }),
    [],
  );

/** Of a list of extensions the one that plugins get as their configuration. */
const extension: Decoder<unknown> = (value, path) => {
  const found = fallback(list(object({ name: text, extension: unknown })), [])(value, path);
  byName(
    "extensions",
    found.map((entry) => [entry.name, entry.extension] as const),
  );
  return found.find((entry) => entry.name === "client.authentication.k8s.io/exec")?.extension;
};

export const clusterShape = object({
  server: filled,
  "tls-server-name": filled,
  "insecure-skip-tls-verify": fallback(boolean, false),
  "certificate-authority": filled,
  "certificate-authority-data": base64,
  "proxy-url": filled,
  "disable-compression": fallback(boolean, false),
  extensions: extension,
});

export const execShape = object({
  command: text,
  args: fallback(list(text), []),
  env: fallback(list(object({ name: text, value: text })), []),
  apiVersion: text,
  installHint: filled,
  provideClusterInfo: fallback(boolean, false),
  interactiveMode: text,
});

export const userShape = object({
  "client-certificate": filled,
  "client-certificate-data": base64,
  "client-key": filled,
  "client-key-data": base64,
  token: secret,
  tokenFile: filled,
  as: filled,
  "as-uid": filled,
  "as-groups": fallback(list(text), []),
  "as-user-extra": fallback(dictionary(fallback(list(text), [])), new Map<string, readonly string[]>()),
  username: filled,
  password: secret,
  "auth-provider": optional(
    object({ name: text, config: fallback(dictionary(text), new Map<string, string>()) }),
  ),
  exec: optional(execShape),
  extensions: extension,
});

const contextShape = object({ cluster: filled, user: filled, namespace: filled, extensions: extension });

/**
 * A whole kubeconfig (credentials.md §1.4), as strictly typed as Go's decoder has them: a number is no text.
 * Other fields are ignored.
 */
export const fileShape = object({
  kind: text,
  apiVersion: text,
  preferences: optional(object({ colors: fallback(boolean, false), extensions: extension })),
  extensions: extension,
  "current-context": filled,
  clusters: named(clusterShape, "cluster"),
  users: named(userShape, "user"),
  contexts: named(contextShape, "context"),
});

/** Go's decoder refuses a list that names something twice (L12). */
const GO_NAMES = {
  clusters: ["NamedCluster", "*api.Cluster"],
  users: ["NamedAuthInfo", "*api.AuthInfo"],
  contexts: ["NamedContext", "*api.Context"],
  extensions: ["NamedExtension", "runtime.Object"],
} as const;

export const byName = <T>(
  kind: keyof typeof GO_NAMES,
  entries: readonly (readonly [string, T])[],
): ReadonlyMap<string, T> => {
  const found = new Map<string, T>();
  for (const [name, value] of entries) {
    if (found.has(name)) {
      const [list, single] = GO_NAMES[kind];
      throw new Error(
        `error converting *[]${list} into *map[string]${single}: duplicate name "${name}" in list`,
      );
    }
    found.set(name, value);
  }
  return found;
};
