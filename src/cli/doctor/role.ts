import { hash } from "node:crypto";
import type { NeededRight } from "./rights.ts";

const RBAC = "rbac.authorization.k8s.io";
const NAME = "kauth-open";

/** A manifest of Kubernetes. */
type Manifest = Readonly<Record<string, unknown>>;

/**
 * The Role that `kauth open` needs in a namespace, and the binding that gives it to one person.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export const roleFor = (
  username: string,
  namespace: string,
  rights: readonly NeededRight[],
): readonly Manifest[] => [
  {
    apiVersion: `${RBAC}/v1`,
    kind: "Role",
    metadata: { name: NAME, namespace },
    rules: rules(rights),
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    // A binding of its own for each person: applying one must not take the Role from another.
    metadata: { name: `${NAME}-${hash("sha256", username, "hex").slice(0, 10)}`, namespace },
    roleRef: { apiGroup: RBAC, kind: "Role", name: NAME },
    subjects: [subject(username)],
  },
];

const rules = (rights: readonly NeededRight[]): readonly Manifest[] => {
  const found = new Map<
    string,
    { readonly group: string; readonly resource: string; readonly verbs: string[] }
  >();
  for (const { right } of rights) {
    const { verb, group, resource, subresource } = right;
    const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
    const rule = found.get(whole) ?? { group, resource: whole, verbs: [] };
    rule.verbs.push(verb);
    found.set(whole, rule);
  }
  return [...found.values()].map(({ group, resource, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs,
  }));
};

/** Names of service accounts are `system:serviceaccount:NAMESPACE:NAME`. */
const subject = (username: string): Manifest => {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace !== undefined && name !== undefined) return { kind: "ServiceAccount", name, namespace };
  return { apiGroup: RBAC, kind: "User", name: username };
};
