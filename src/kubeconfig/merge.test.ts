import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeKubeconfigs } from "./merge.ts";
import { parseKubeconfig } from "./parse.ts";
import type { Kubeconfig } from "./types.ts";

const NAMES = ["a", "b", "c", "d", "", "__proto__", "constructor"];
/** Files as the names of their users, with the first as the current context. */
const files = fc.array(fc.uniqueArray(fc.constantFrom(...NAMES)), { maxLength: 5 });

const parse = async (names: readonly string[], index: number): Promise<Kubeconfig> =>
  await parseKubeconfig(
    JSON.stringify({
      "current-context": names[0] ?? "",
      users: names.map((name) => ({ name, user: { username: `${name}-${index}` } })),
      clusters: names.map((name) => ({ name, cluster: { server: `${name}-${index}` } })),
    }),
    { path: `/f${index}` },
  );

/** Maps in a form that can be compared; their order says which file came first. */
const plain = ({ users, clusters, contexts, ...rest }: Kubeconfig): unknown => ({
  ...rest,
  users: [...users],
  clusters: [...clusters],
  contexts: [...contexts],
});

test("1.2 a merge asks the files in order for every name", async () => {
  await fc.assert(
    fc.asyncProperty(files, async (names) => {
      const merged = mergeKubeconfigs(await Promise.all(names.map(parse)));
      expect(merged.currentContext).toBe(names.find(([first = ""]) => first !== "")?.[0]);
      expect(new Set(merged.users.keys())).toEqual(new Set(names.flat()));
      for (const [name, entry] of merged.users) {
        const first = names.findIndex((entries) => entries.includes(name));
        expect([entry.value.username, entry.origin]).toEqual([`${name}-${first}`, `/f${first}`]);
      }
    }),
    { numRuns: 60 },
  );
});

test("1.2 merging is associative, and an empty file changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.nat(5), async (names, cut) => {
      const parsed = await Promise.all(names.map(parse));
      const whole = plain(mergeKubeconfigs(parsed));
      const inTwo = mergeKubeconfigs([
        mergeKubeconfigs(parsed.slice(0, cut)),
        mergeKubeconfigs(parsed.slice(cut)),
      ]);
      expect(plain(inTwo)).toEqual(whole);
      expect(plain(mergeKubeconfigs([await parseKubeconfig(""), ...parsed]))).toEqual(whole);
      expect(plain(mergeKubeconfigs([...parsed, ...parsed]))).toMatchObject({
        users: [...mergeKubeconfigs(parsed).users],
      });
    }),
    { numRuns: 60 },
  );
});
