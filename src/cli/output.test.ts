import { expect, test } from "vitest";
import { parse } from "yaml";
import { hasControls } from "../base/terminal.ts";
import { cleanLine, structured, yamlDocuments } from "./output.ts";

test("a line holds neither secrets nor controls", () => {
  const line = cleanLine(
    "Bearer canary \u001b[2J\nnext \u202e password=canary eyJhbGciOiJub25lIn0.e30.canary",
  );
  expect(line).not.toMatch(/canary|\u001b|\n|\u202e/);
});

test.each(["json", "yaml"] as const)("%s holds no secrets, at any depth", async (format) => {
  const value = { a: ["Bearer canary", { b: "token=canary" }], c: "well", d: undefined };
  const text = await structured(value, format);
  expect(text).not.toContain("canary");
  expect(parse(text)).toEqual({ a: ["Bearer [redacted]", { b: "token=[redacted]" }], c: "well" });
});

/** A name as no API server should have it. */
const ODD = "a\u0000\u001b[2J\u007f\u0085\u009b31m\u061c\u200e\u2028\u202e\u2066\tb\nc";

test.each(["json", "yaml"] as const)(
  "%s moves no cursor, turns nothing around, and means the same",
  async (format) => {
    const value = { [ODD]: ODD, list: [ODD, "plain"], "\u009b": { "\u202e": "\u202e" } };
    const text = await structured(value, format);
    expect(hasControls(text)).toBe(false);
    expect(format === "json" ? JSON.parse(text) : parse(text)).toEqual(value);
  },
);

test("what is applied has no controls either", async () => {
  const value = { metadata: { name: ODD } };
  const text = await yamlDocuments([value]);
  expect(hasControls(text)).toBe(false);
  expect(parse(text)).toEqual(value);
});

test("what is applied stays as it is", async () => {
  const name = "Bearer of x: {y}";
  const text = await yamlDocuments([{ name }, { name: "second" }]);
  expect(text.split("\n---\n").map((each) => parse(each) as unknown)).toEqual([{ name }, { name: "second" }]);
});
