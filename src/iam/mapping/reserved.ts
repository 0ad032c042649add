/** The sources of mappings, by the reference's names; `EKSConfigMap` is `kube-system/aws-auth`. */
export const BACKENDS = ["MountedFile", "EKSConfigMap", "CRD", "DynamicFile"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** What Kubernetes and AWS keep for themselves: EKS refuses the same (security.md R-L9). */
export const RESERVED_PREFIXES: readonly string[] = ["aws:", "eks:", "amazon:", "iam:", "system:"];

/**
 * The names of machines, as the reference's own examples write them. They begin with a reserved prefix and are what it
 * is reserved for.
 */
const OF_MACHINES: ReadonlySet<string> = new Set([
  "system:node:{{EC2PrivateDNSName}}",
  "aws:{{AccountID}}:instance:{{SessionName}}",
]);

/** Per backend; for one that is not named `RESERVED_PREFIXES` count. */
export type ReservedPrefixes = ReadonlyMap<BackendName, readonly string[]>;

/** Why a name is nobody's, in the reference's words with both of its "with"; undefined: nothing is wrong. */
export const reservedFault = (
  name: { readonly username: string; readonly template: string | undefined },
  backend: BackendName,
  reserved: ReservedPrefixes,
): string | undefined => {
  const listed = reserved.get(backend);
  const prefixes = listed ?? RESERVED_PREFIXES;
  if (!prefixes.some((prefix) => name.username.startsWith(prefix))) return undefined;
  // Who lists prefixes means what is listed.
  if (listed === undefined && name.template !== undefined && OF_MACHINES.has(name.template)) return undefined;
  return `invalid username '${name.username}' for mapper ${backend}: username must not begin with with the following prefixes: [${prefixes.join(" ")}]`;
};
