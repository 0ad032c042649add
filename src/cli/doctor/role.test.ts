import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { yamlDocuments } from "../output.ts";
import { rightsFor } from "./rights.ts";
import { roleFor } from "./role.ts";

test("the Role is the README's", async () => {
  const [role] = roleFor("alice", "apps", rightsFor("service"));
  expect(role).toMatchObject({
    kind: "Role",
    metadata: { namespace: "apps" },
    rules: [
      { apiGroups: [""], resources: ["services"], verbs: ["get"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["pods/portforward"], verbs: ["create", "get"] },
    ],
  });
});

test("for a pod nothing of Services is in it", () => {
  const [role] = roleFor("alice", "apps", rightsFor("pod"));
  expect(JSON.stringify(role)).not.toMatch(/services|endpointslices/);
});

test.each([
  { kind: "deployment", resource: "deployments" },
  { kind: "statefulset", resource: "statefulsets" },
  { kind: "replicaset", resource: "replicasets" },
] as const)("for a $kind it can be read", ({ kind, resource }) => {
  const [role] = roleFor("alice", "apps", rightsFor(kind));
  expect(role).toMatchObject({
    rules: [{ apiGroups: ["apps"], resources: [resource], verbs: ["get"] }, {}, {}],
  });
  expect(JSON.stringify(role)).not.toMatch(/services|endpointslices/);
});

const RBAC = "rbac.authorization.k8s.io";

test.each([
  { name: "alice", subject: { apiGroup: RBAC, kind: "User", name: "alice" } },
  { name: "https://issuer#alice", subject: { apiGroup: RBAC, kind: "User", name: "https://issuer#alice" } },
  {
    name: "system:serviceaccount:apps:viewer",
    subject: { kind: "ServiceAccount", name: "viewer", namespace: "apps" },
  },
  {
    name: "system:serviceaccount:",
    subject: { apiGroup: RBAC, kind: "User", name: "system:serviceaccount:" },
  },
])("it is bound to $name, under a name that Kubernetes takes", ({ name, subject }) => {
  const [, binding] = roleFor(name, "apps", rightsFor("service"));
  expect(binding).toMatchObject({
    kind: "RoleBinding",
    subjects: [subject],
    roleRef: { name: "kauth-open" },
  });
  expect(binding?.["metadata"]).toMatchObject({
    name: expect.stringMatching(/^kauth-open-[0-9a-f]{10}$/) as string,
  });
});

test("two people have two bindings", () => {
  const names = ["alice", "bob"].map((name) =>
    JSON.stringify(roleFor(name, "apps", rightsFor("service"))[1]),
  );
  expect(new Set(names).size).toBe(2);
});

test("as YAML it says the same, whatever the name is", async () => {
  const manifests = roleFor('evil: "name"\n---\nkind: ClusterRole', "apps", rightsFor("service"));
  const read = parseAllDocuments(await yamlDocuments(manifests));
  expect("empty" in read ? [] : read.map((each) => each.toJS() as unknown)).toEqual(manifests);
});
