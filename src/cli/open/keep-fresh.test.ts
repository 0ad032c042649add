import fc from "fast-check";
import { expect, test } from "vitest";
import { clock } from "../../tunnel/far-end.test-d.ts";
import { after, between, millis } from "../../base/units.ts";
import type { Credential, CredentialSource } from "../../credentials/index.ts";
import { keepFresh, untilEarly } from "./keep-fresh.ts";

test("property: the next look is in the first half of the margin before the end", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2_000, max: 86_400_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (left, chance) => {
        const wait = untilEarly(millis(left), chance);
        const margin = Math.min(60_000, left / 10);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(left - margin));
        expect(wait).toBeLessThanOrEqual(Math.ceil(Math.max(1_000, left - margin / 2)));
      },
    ),
  );
});

test("F11: each credential is replaced before its end, once, and only while the pages are used", async () => {
  const time = clock();
  let used = true;
  let runs = 0;
  let current: Credential | undefined;
  const stop = new AbortController();
  const source: CredentialSource = {
    method: "exec",
    description: "a plugin",
    get: () => {
      const now = time.system.now();
      const end = current?.expiresAt;
      if (end === undefined || between(now, end) <= 60_000 * 0.1) {
        // Nobody has waited for it: the one before is still good.
        if (end !== undefined) expect(between(now, end)).toBeGreaterThan(0);
        runs += 1;
        current = { header: undefined, certificate: undefined, expiresAt: after(now, millis(60_000)) };
      }
      return Promise.resolve(current as Credential);
    },
    renew: () => Promise.resolve(undefined),
  };
  const running = keepFresh({ source, system: time.system, signal: stop.signal, used: () => used });
  await time.advance(600_000);
  expect(runs).toBeGreaterThanOrEqual(10);
  expect(runs).toBeLessThanOrEqual(12);
  used = false;
  const before = runs;
  await time.advance(3_600_000);
  expect(runs - before).toBeLessThanOrEqual(1);
  stop.abort(new Error("over"));
  await running;
});
