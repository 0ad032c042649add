import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { familyOf, outputOf } from "./family.ts";

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "kauth-proc-"));
  mkdirSync(join(proc, "sys"));
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

const put = (pid: number, parent: number, session: number, output = "/dev/null", name = "sh"): void => {
  mkdirSync(join(proc, String(pid), "fd"), { recursive: true });
  writeFileSync(join(proc, String(pid), "stat"), `${pid} (${name}) S ${parent} ${session} ${session} 0 -1 0`);
  symlinkSync(output, join(proc, String(pid), "fd", "1"));
};
const child = { pid: 10, starter: 5, leads: true, alive: true, output: "socket:[7]" };

test("children, their children, its session and who holds its output", () => {
  put(1, 0, 1);
  put(5, 1, 5, "socket:[7]");
  put(6, 5, 5);
  put(10, 5, 10, "socket:[7]");
  put(11, 10, 10);
  put(12, 11, 12);
  put(13, 1, 10, "/dev/null", "a) S 5 (b");
  put(14, 1, 14, "socket:[7]");
  put(15, 14, 15);
  put(20, 1, 20, "socket:[8]");
  expect(new Set(familyOf(child, proc))).toEqual(new Set([11, 12, 13, 14, 15]));
});

test("after its end its number tells nothing", () => {
  put(11, 10, 11);
  put(12, 1, 12, "socket:[7]");
  expect(familyOf({ ...child, alive: false }, proc)).toEqual([12]);
  expect(familyOf({ ...child, alive: false, output: undefined }, proc)).toEqual([]);
});

test("what leads no session is not taken for all of its session", () => {
  put(11, 1, 10);
  expect(familyOf({ ...child, leads: false }, proc)).toEqual([]);
});

test("a table that cannot be read is an empty one", () => {
  mkdirSync(join(proc, "11"));
  expect(familyOf(child, proc)).toEqual([]);
  expect(familyOf(child, join(proc, "none"))).toEqual([]);
});

test.each([
  ["socket:[7]", "socket:[7]"],
  ["pipe:[7]", "pipe:[7]"],
  ["/dev/null", undefined],
  ["/memfd:x (deleted)", undefined],
])("an output %s", (output, wanted) => {
  put(10, 1, 10, output);
  expect([outputOf(10, 5, proc), outputOf(11, 5, proc)]).toEqual([wanted, undefined]);
});

test("an output that is still ours is not taken for the child's", () => {
  put(5, 1, 5, "pipe:[7]");
  put(10, 5, 10, "pipe:[7]");
  expect(outputOf(10, 5, proc)).toBeUndefined();
});
