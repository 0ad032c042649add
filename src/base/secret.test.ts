import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

test("no way of printing shows the text", () => {
  const secret = new Secret("canary");
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
    format("%o %O %s %j", secret, secret, secret, secret),
    Object.entries(secret).join(),
  ];
  expect(shown.join("\n")).not.toContain("canary");
  expect(secret.reveal()).toBe("canary");
});

test.each([
  { name: "equal", left: "abc", right: "abc", equal: true },
  { name: "other text", left: "abc", right: "abd", equal: false },
  { name: "a prefix", left: "abc", right: "abcd", equal: false },
  { name: "empty", left: "", right: "", equal: true },
])("compares: $name", ({ left, right, equal }) => {
  expect(new Secret(left).equals(new Secret(right))).toBe(equal);
});
