import {
  boolean,
  DecodeError,
  dictionary,
  fallback,
  integer,
  list,
  object,
  optional,
  string,
  unknown,
  type Decoder,
} from "../base/decode.ts";

const text = fallback(string, "");
const stringMap = fallback(dictionary(string), new Map<string, string>() as ReadonlyMap<string, string>);
const intOrString: Decoder<number | string | undefined> = (value, path) =>
  typeof value === "number" ? port(value, path) : optional(string)(value, path);
const items = <T>(inner: Decoder<T>): Decoder<readonly T[]> => fallback(list(inner), []);

/** Names and UIDs go into paths, headers and the terminal; the API server makes none that fit elsewhere only. */
const plain =
  (pattern: RegExp, wanted: string): Decoder<string> =>
  (value, path) => {
    const read = text(value, path);
    if (!pattern.test(read)) throw new DecodeError(path, wanted, value);
    return read;
  };
/** RFC 1123 subdomain, or nothing. */
const name = plain(/^[a-z0-9.-]{0,253}$/, "a name of lower-case letters, digits, dots and hyphens");
const uid = plain(/^[!-~]{0,256}$/, "an identifier");
const port: Decoder<number> = (value, path) => {
  const number = integer(value, path);
  if (number < 1 || number > 65_535) throw new DecodeError(path, "a port between 1 and 65535", value);
  return number;
};

const owned = object({ kind: text, name, uid, controller: fallback(boolean, false) });

const metadata = object({
  name,
  namespace: name,
  uid,
  resourceVersion: text,
  deletionTimestamp: optional(string),
  labels: stringMap,
  ownerReferences: items(owned),
});

/** The fields that we read, and no others; the API is https://kubernetes.io/docs/reference/kubernetes-api/. */
export const service = object({
  metadata,
  spec: fallback(
    object({
      type: text,
      externalName: text,
      selector: stringMap,
      ports: items(
        object({
          name: text,
          port,
          targetPort: intOrString,
          protocol: fallback(string, "TCP"),
          appProtocol: optional(string),
        }),
      ),
    }),
    { type: "", externalName: "", selector: new Map<string, string>(), ports: [] },
  ),
});
export type Service = ReturnType<typeof service>;

export const endpointSlice = object({
  metadata,
  addressType: text,
  ports: items(
    object({
      name: text,
      port: optional(port),
      protocol: fallback(string, "TCP"),
      appProtocol: optional(string),
    }),
  ),
  endpoints: items(
    object({
      conditions: fallback(
        object({ ready: optional(boolean), serving: optional(boolean), terminating: optional(boolean) }),
        { ready: undefined, serving: undefined, terminating: undefined },
      ),
      targetRef: optional(object({ kind: text, name, namespace: name, uid })),
    }),
  ),
});
export type EndpointSlice = ReturnType<typeof endpointSlice>;

const containerState = object({
  waiting: optional(object({ reason: text, message: text })),
  terminated: optional(object({ reason: text })),
});

const containerStatus = object({
  name: text,
  ready: fallback(boolean, false),
  restartCount: fallback(integer, 0),
  containerID: text,
  image: text,
  imageID: text,
  state: fallback(containerState, { waiting: undefined, terminated: undefined }),
});

const containerPort = object({
  name: text,
  containerPort: port,
  protocol: fallback(string, "TCP"),
});

const container = object({ name: text, image: text, ports: items(containerPort), restartPolicy: text });

export const pod = object({
  metadata,
  spec: fallback(
    object({ serviceAccountName: text, containers: items(container), initContainers: items(container) }),
    { serviceAccountName: "", containers: [], initContainers: [] },
  ),
  status: fallback(
    object({
      phase: text,
      reason: text,
      conditions: items(object({ type: text, status: text, reason: text, message: text })),
      containerStatuses: items(containerStatus),
      initContainerStatuses: items(containerStatus),
    }),
    { phase: "", reason: "", conditions: [], containerStatuses: [], initContainerStatuses: [] },
  ),
});
export type Pod = ReturnType<typeof pod>;

/** Deployment, StatefulSet, ReplicaSet: which pods are theirs. */
export const workload = object({
  metadata,
  spec: object({
    selector: fallback(
      object({
        matchLabels: stringMap,
        matchExpressions: items(object({ key: text, operator: text, values: items(string) })),
      }),
      { matchLabels: new Map<string, string>(), matchExpressions: [] },
    ),
  }),
});
export type Workload = ReturnType<typeof workload>;

export const configMap = object({ metadata, data: stringMap });

/** Of aws-iam-authenticator. The rest is for who maps identities: one that is wrong must not hide the others. */
export const identityMapping = object({ metadata, spec: unknown, status: unknown });

export const selfSubjectReview = object({
  status: object({
    userInfo: object({
      username: text,
      uid: text,
      groups: items(string),
      extra: fallback(
        dictionary(items(string)),
        new Map<string, readonly string[]>() as ReadonlyMap<string, readonly string[]>,
      ),
    }),
  }),
});

export const selfSubjectAccessReview = object({
  status: object({ allowed: fallback(boolean, false), reason: text, evaluationError: text }),
});

export const listOf = <T>(
  inner: Decoder<T>,
): Decoder<{
  readonly metadata: { readonly resourceVersion: string; readonly continue: string };
  readonly items: readonly T[];
}> =>
  object({
    metadata: fallback(object({ resourceVersion: text, continue: text }), {
      resourceVersion: "",
      continue: "",
    }),
    items: items(inner),
  });
