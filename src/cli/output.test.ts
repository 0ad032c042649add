import { expect, test } from "vitest";
import { parse } from "yaml";
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

test("what is applied stays as it is", async () => {
  const name = "Bearer of x: {y}";
  const text = await yamlDocuments([{ name }, { name: "second" }]);
  expect(text.split("\n---\n").map((each) => parse(each) as unknown)).toEqual([{ name }, { name: "second" }]);
});
