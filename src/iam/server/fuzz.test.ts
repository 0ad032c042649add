import fc from "fast-check";
import { expect, test } from "vitest";
import { ACCOUNT, iamServerScene, reviewOf, roleEntry, tokenOf } from "../../../test/aws/iam-server-scene.ts";
import { lookupOf } from "../mapping/lookup.ts";

const REVIEW = reviewOf("k8s-aws-v1.aHR0cHM6Ly9zdHM");
const MUTATIONS = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
  fc
    .record({ at: fc.nat(REVIEW.length - 1), bytes: fc.uint8Array({ maxLength: 8 }), cut: fc.nat(6) })
    .map(({ at, bytes, cut }) =>
      Buffer.concat([
        Buffer.from(REVIEW.slice(0, at)),
        Buffer.from(bytes),
        Buffer.from(REVIEW.slice(at + cut)),
      ]),
    ),
  fc
    .anything({ maxDepth: 3 })
    .map((token) =>
      Buffer.from(
        JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } }) ??
          "",
      ),
    ),
  fc.string({ unit: "binary", maxLength: 5_000 }).map((text) => Buffer.from(reviewOf(text))),
  fc
    .constantFrom(
      '{"__proto__":{"kind":"TokenReview"}}',
      '{"spec":null}',
      "null",
      "[]",
      "\ufeff{}",
      "{".repeat(60_000),
    )
    .map((text) => Buffer.from(text)),
);

test("1,000 fuzzed bodies: no 5xx, no crash, and nobody is let in", { timeout: 120_000 }, async () => {
  await using scene = await iamServerScene();
  const bodies = fc.sample(MUTATIONS, { numRuns: 1_000, seed: 1 });
  expect(bodies).toHaveLength(1_000);
  const statuses = new Map<number, number>();
  for (const body of bodies) {
    const { status, text } = await scene.ask("/authenticate", { method: "POST", body });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(text).not.toContain('"authenticated":true');
  }
  // Both kinds were there, and nothing else.
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect(Math.min(...statuses.values())).toBeGreaterThan(100);
  expect(scene.said).toEqual([]);
  expect(scene.sts.asked).toEqual([]);
  expect((await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"))).body.status?.authenticated).toBe(true);
});

test("mappings that change under load lose nobody's answer", { timeout: 120_000 }, async () => {
  await using scene = await iamServerScene();
  const token = tokenOf("ASIADEVDEVDEVDEVDEV1");
  const names = new Set<string>();
  let running = true;
  const changes = (async () => {
    for (let round = 0; running; round++) {
      const table = {
        entries: [roleEntry({ username: `v${round}:{{SessionName}}` })],
        accounts: [ACCOUNT],
      };
      scene.backends = [{ name: "MountedFile", lookup: lookupOf(table) }];
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let round = 0; round < 40; round++)
    for (const { status, body } of await Promise.all(Array.from({ length: 25 }, () => scene.review(token)))) {
      expect([status, body.status?.authenticated]).toEqual([200, true]);
      names.add(body.status?.user?.username ?? "");
    }
  running = false;
  await changes;
  expect(scene.audit).toHaveLength(1_000);
  expect(names.size).toBeGreaterThan(5);
  expect([...names].filter((name) => !/^(?:v\d+|dev):jane$/.test(name))).toEqual([]);
});
