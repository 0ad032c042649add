import fc from "fast-check";
import { mergeKubeconfigs } from "../../src/kubeconfig/merge.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse.ts";
import { selectContext } from "../../src/kubeconfig/select.ts";
import type { Kubeconfig } from "../../src/kubeconfig/types.ts";
import { kubeconfigFaults } from "../../src/kubeconfig/validate-file.ts";
import { CANARY, judged, spoiled, type Wishes } from "./spoil.ts";

const BLOCK = `apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster:
    server: https://c:6443/prefix
    certificate-authority-data: Y2E=
    proxy-url: http://me:${CANARY}@proxy:3128
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: x}
users:
- name: u
  user: &user
    token: ${CANARY}
    as: root
    as-user-extra: {scopes: [a, b]}
    exec: {command: bin/login, args: [--x, "1"], env: [{name: A, value: ${CANARY}}], apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}
- name: v
  user:
    <<: *user
    password: "${CANARY}"
    client-key-data: |
      aHVudGVyMmNhbmFyeQ==
    auth-provider: {name: oidc, config: {client-secret: '${CANARY}', id-token: ${CANARY}}}
contexts:
- name: one
  context: {cluster: c, user: u, namespace: apps}
`;
const JSON_TEXT = JSON.stringify({
  users: [{ name: "u", user: { token: CANARY, username: "me", password: CANARY } }],
  clusters: [{ name: "c", cluster: { server: "https://c" } }],
  contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
  "current-context": "one",
});

const file = spoiled(BLOCK, JSON_TEXT);

/** Spoiled kubeconfigs, one after the other, through parser, validation and selection. */
export async function fuzzLoader({ runs, seed }: Wishes): Promise<void> {
  await fc.assert(
    fc.asyncProperty(file, async (bytes) => {
      const kubeconfig = await judged(async () => await parseKubeconfig(bytes, { path: "/d/config" }));
      if (kubeconfig === undefined) return;
      kubeconfigFaults(kubeconfig);
      await judged(() => selectContext(kubeconfig));
    }),
    { numRuns: runs, ...seed },
  );
}

/** Each list has two to four. */
const LIST = 3;

/** Lists of spoiled kubeconfigs, `runs` in all: of each name the first good file's entry is taken, whole. */
export async function fuzzMerge({ runs, seed }: Wishes): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 4 }), async (spoils) => {
      const files: Kubeconfig[] = [];
      for (const [index, bytes] of spoils.entries()) {
        const read = await judged(async () => await parseKubeconfig(bytes, { path: `/f${index}` }));
        if (read !== undefined) files.push(read);
      }
      const merged = mergeKubeconfigs(files);
      for (const [name, entry] of merged.users)
        if (files.find(({ users }) => users.has(name))?.users.get(name) !== entry)
          throw new Error(`user ${JSON.stringify(name)} is of another file`);
      await judged(() => selectContext(merged));
    }),
    { numRuns: Math.ceil(runs / LIST), ...seed },
  );
}
