import { expect, test } from "vitest";
import { millis } from "../../base/units.ts";
import { recorded } from "../../../test/recorded.ts";
import { strangerWarnings } from "./strangers.ts";

test("one line at once, then one in ten seconds for each user, with their number", async () => {
  await using machine = await recorded();
  let now = 0;
  const warn = strangerWarnings({ ...machine.system(), monotonic: () => millis(now) });
  for (let turn = 0; turn < 1_000; turn += 1) warn(65_534);
  warn(33);
  now = 10_000;
  warn(65_534);
  now = 30_000;
  warn(65_534);
  expect(machine.err.map((line) => line.replace(/^Warning: /, ""))).toEqual([
    "A connection of another user (uid 65534) was reset",
    "A connection of another user (uid 33) was reset",
    "A connection of another user (uid 65534) was reset, and 999 more since the last such line",
    "A connection of another user (uid 65534) was reset",
  ]);
});

test("users without end are not remembered without end", async () => {
  await using machine = await recorded();
  const warn = strangerWarnings({ ...machine.system(), monotonic: () => millis(0) });
  for (let uid = 0; uid < 100; uid += 1) warn(uid);
  warn(99);
  warn(0);
  expect(machine.err).toHaveLength(101);
});
