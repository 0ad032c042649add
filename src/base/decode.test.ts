import { describe, expect, test } from "vitest";
import {
  boolean,
  decode,
  dictionary,
  fallback,
  integer,
  list,
  object,
  optional,
  parseJson,
  string,
} from "./decode.ts";
import { isKnownError } from "./errors.ts";

const shape = object({
  name: string,
  size: optional(integer),
  deep: fallback(object({ on: fallback(boolean, false) }), { on: false }),
  tags: fallback(list(string), []),
});

describe("decode", () => {
  test("known fields are read, others ignored, null is absent", () => {
    expect(shape({ name: "a", size: null, other: 1 }, "")).toEqual({
      name: "a",
      size: undefined,
      deep: { on: false },
      tags: [],
    });
  });

  test.each([
    { name: "a missing field", value: {}, says: "name must be text, not missing" },
    { name: "a wrong type", value: { name: 1 }, says: "name must be text, not number" },
    {
      name: "deep in an object",
      value: { name: "a", deep: { on: "yes" } },
      says: "deep.on must be true or false, not string",
    },
    {
      name: "deep in a list",
      value: { name: "a", tags: ["a", 2] },
      says: "tags[1] must be text, not number",
    },
    { name: "no object", value: [], says: "value must be an object, not a list" },
  ])("$name is named by its path", ({ value, says }) => {
    expect(() => shape(value, "")).toThrow(says);
  });

  test("a key called __proto__ is only a key", () => {
    const read = dictionary(string)(parseJson('{"__proto__": "x", "constructor": "y"}'), "");
    expect([...read]).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect(shape(parseJson('{"name": "a", "__proto__": {"size": 3}}'), "").size).toBeUndefined();
  });

  test("a complaint becomes a coded error that says what was read", () => {
    let thrown: unknown;
    try {
      decode(shape, 1, { what: "the answer", code: "CONFIG_INVALID" });
    } catch (error) {
      thrown = error;
    }
    expect(isKnownError(thrown, "CONFIG_INVALID")).toBe(true);
    expect(String(thrown)).toContain("Cannot read the answer: value must be an object, not number");
  });
});
