import fc from "fast-check";
import { KnownError } from "../../src/base/errors.ts";
import { mergeKubeconfigs } from "../../src/kubeconfig/merge.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse.ts";
import { selectContext } from "../../src/kubeconfig/select.ts";
import type { Kubeconfig } from "../../src/kubeconfig/types.ts";
import { kubeconfigFaults } from "../../src/kubeconfig/validate-file.ts";

const CANARY = "hunter2canary";

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

/** What a piece of a file may turn into. */
const piece = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(
    ..."[|]|{|}|, |: |- |? |\n|  |\t|&a |*a|*user|<<: |# |---\n|...\n|\"|'|!!str |!!int |>|%YAML 1.1\n|~|yes|1e3|0x1|\u0000|\ufeff|\r".split(
      "|",
    ),
    "name: u",
    "user: *user",
    "[".repeat(600),
    "- ".repeat(600),
  ),
);
const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(40), piece });
const file = fc
  .tuple(fc.constantFrom(BLOCK, JSON_TEXT), fc.array(change, { minLength: 1, maxLength: 4 }))
  .map(([text, changes]) =>
    changes.reduce((now, { at, length, piece: put }) => {
      const start = Math.floor(at * now.length);
      return now.slice(0, start) + put + now.slice(start + length);
    }, text),
  );

/** A name is quoted, also where it was a secret before the file was spoiled. */
const QUOTES_A_NAME = /duplicate name|no kind|does not exist|was not found/;

/** Runs something that may fail on purpose only, and in time, and without a word of what is secret. */
const judged = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
  const start = performance.now();
  const outcome = await (async () => await work())().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (performance.now() - start > 10_000) throw new Error("it takes too long");
  if ("value" in outcome) return outcome.value;
  const { error } = outcome;
  if (!(error instanceof KnownError)) throw error;
  if (error.message.includes(CANARY) && !QUOTES_A_NAME.test(error.message))
    throw new Error(`a secret in: ${error.message}`, { cause: error });
  return undefined;
};

/** Spoiled kubeconfigs, one after the other, through parser, validation and selection. */
export async function fuzzLoader(runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(file, async (text) => {
      const bytes = Buffer.from(text);
      const kubeconfig = await judged(async () => await parseKubeconfig(bytes, { path: "/d/config" }));
      if (kubeconfig === undefined) return;
      kubeconfigFaults(kubeconfig);
      await judged(() => selectContext(kubeconfig));
    }),
    { numRuns: runs },
  );
}

/** Lists of spoiled kubeconfigs: of each name the first good file's entry is taken, whole. */
export async function fuzzMerge(runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 4 }), async (texts) => {
      const files: Kubeconfig[] = [];
      for (const [index, text] of texts.entries()) {
        const read = await judged(async () => await parseKubeconfig(text, { path: `/f${index}` }));
        if (read !== undefined) files.push(read);
      }
      const merged = mergeKubeconfigs(files);
      for (const [name, entry] of merged.users)
        if (files.find(({ users }) => users.has(name))?.users.get(name) !== entry)
          throw new Error(`user ${JSON.stringify(name)} is of another file`);
      await judged(() => selectContext(merged));
    }),
    { numRuns: runs },
  );
}
