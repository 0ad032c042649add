import { expect, test } from "vitest";
import { KnownError } from "../../base/errors.ts";
import { epochMillis } from "../../base/units.ts";
import { healthOf, leftText } from "./start-site.ts";

const NOW = epochMillis(Date.parse("2026-01-02T03:04:05Z"));

test.each([
  { name: "nobody knows when", end: undefined, text: undefined },
  { name: "it has ended", end: epochMillis(NOW - 1), text: undefined },
  { name: "it ends now", end: NOW, text: undefined },
  { name: "it goes on", end: epochMillis(NOW + 30_000), text: expect.stringMatching(/^in 30 s/) as string },
])("when the credential ends: $name", ({ end, text }) => {
  expect(leftText(end, NOW)).toEqual(text);
});

test("a target that is not reachable says why, in sentences of ours", () => {
  const none = new KnownError("NOT_FOUND", "Cannot get services <canary>");
  const { health, tone } = healthOf("down", none);
  expect(tone).toBe("trouble");
  expect(health).toMatch(/^not reachable now: .* not there.* Check its name/);
  expect(health).not.toContain("canary");
  // It was refused for another reason than its pod.
  expect(healthOf("up", none)).toEqual({ health, tone });
  expect(healthOf("down", undefined)).toEqual({ health: "not reachable now", tone: "trouble" });
  expect(healthOf("resolving", none).health).toBe("looking for its pod");
  expect(healthOf("up", undefined)).toEqual({ health: "connected", tone: "well" });
});
