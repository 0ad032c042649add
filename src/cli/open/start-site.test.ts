import { expect, test } from "vitest";
import { epochMillis } from "../../base/units.ts";
import { leftText } from "./start-site.ts";

const NOW = epochMillis(Date.parse("2026-01-02T03:04:05Z"));

test.each([
  { name: "nobody knows when", end: undefined, text: undefined },
  { name: "it has ended", end: epochMillis(NOW - 1), text: undefined },
  { name: "it ends now", end: NOW, text: undefined },
  { name: "it goes on", end: epochMillis(NOW + 30_000), text: expect.stringMatching(/^in 30 s/) as string },
])("when the credential ends: $name", ({ end, text }) => {
  expect(leftText(end, NOW)).toEqual(text);
});
