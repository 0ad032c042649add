import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "../base/errors.ts";
import type { Command, OptionSpec } from "./command.ts";
import { nearest, parseLine, resolveOptions, variableOf } from "./options.ts";

const SPECS: Readonly<Record<string, OptionSpec>> = {
  namespace: { type: "string", short: "n", summary: "", env: false },
  address: { type: "list", summary: "" },
  flag: { type: "boolean", short: "f", summary: "" },
  other: { type: "boolean", short: "o", summary: "", env: "KAUTH_OTHER" },
  verbose: { type: "count", short: "v", summary: "" },
  tunnel: { type: "string", summary: "", default: "auto" },
  vmodule: { type: "string", summary: "", ignored: true },
};
const COMMAND: Command = {
  path: ["open"],
  summary: "",
  operands: "",
  description: "",
  examples: [],
  options: SPECS,
  exit: { done: "", failed: "", refused: "" },
  load: () => Promise.reject(new Error("it is not run")),
};

const parsed = (...words: readonly string[]): ReturnType<typeof parseLine> => parseLine(words, SPECS);
const options = (
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  config: ReadonlyMap<string, readonly string[]> = new Map(),
): ReturnType<typeof resolveOptions> => resolveOptions(COMMAND, parsed(...words), { env, config });

describe("the forms that Go's libraries take", () => {
  test.each([
    { words: ["--namespace", "apps"], name: "namespace", values: ["apps"] },
    { words: ["--namespace=apps"], name: "namespace", values: ["apps"] },
    { words: ["--namespace="], name: "namespace", values: [""] },
    { words: ["-n", "apps"], name: "namespace", values: ["apps"] },
    { words: ["-n=apps"], name: "namespace", values: ["apps"] },
    { words: ["-napps"], name: "namespace", values: ["apps"] },
    { words: ["--namespace", "--flag"], name: "namespace", values: ["--flag"] },
    { words: ["--flag"], name: "flag", values: ["true"] },
    { words: ["--flag=true"], name: "flag", values: ["true"] },
    { words: ["--flag=F"], name: "flag", values: ["false"] },
    { words: ["--flag=0"], name: "flag", values: ["false"] },
    { words: ["-f"], name: "flag", values: ["true"] },
    { words: ["-fo"], name: "other", values: ["true"] },
    { words: ["-fnapps"], name: "namespace", values: ["apps"] },
    { words: ["--address", "a", "--address=b"], name: "address", values: ["a", "b"] },
    { words: ["-v"], name: "verbose", values: ["1"] },
    { words: ["-v", "4"], name: "verbose", values: ["4"] },
    { words: ["-v=4"], name: "verbose", values: ["4"] },
    { words: ["-v4"], name: "verbose", values: ["4"] },
    { words: ["-vvv"], name: "verbose", values: ["1", "1", "1"] },
    { words: ["-v", "svc/ui"], name: "verbose", values: ["1"] },
    { words: ["-n", "-vvv"], name: "namespace", values: ["-vvv"] },
    { words: ["--vmodule=a=2"], name: "vmodule", values: ["a=2"] },
  ])("$words", ({ words, name, values }) => {
    expect(parsed(...words).options.get(name)).toEqual(values);
  });

  test("a word is an operand where no option takes it, and all are behind --", () => {
    const { options: found, positionals } = parsed(
      "svc/ui",
      "--flag",
      "x",
      "-",
      "--",
      "--flag",
      "-vvv",
      "--",
    );
    expect(positionals).toEqual(["svc/ui", "x", "-", "--flag", "-vvv", "--"]);
    expect([...found.keys()]).toEqual(["flag"]);
  });
});

describe("refused, exit 2", () => {
  test.each([
    { words: ["--adress", "x"], says: "--adress", hint: "Did you mean --address?" },
    { words: ["--zzzzzzzzz"], says: "--zzzzzzzzz", hint: "See --help" },
    { words: ["-x"], says: "-x", hint: "See --help" },
    { words: ["--namespace"], says: "needs a value", hint: "" },
    { words: ["--flag=perhaps"], says: "true or false", hint: "" },
    { words: ["-v=much"], says: "a number", hint: "" },
    { words: ["--constructor"], says: "--constructor", hint: "" },
    { words: ["--__proto__=1"], says: "--__proto__", hint: "" },
  ])("$words", ({ words, says, hint }) => {
    expect(() => parsed(...words)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        exit: 2,
        message: expect.stringContaining(says),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test("whatever the words, an option or a coded refusal", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((text) => `--${text}`),
            fc.string().map((text) => `-${text}`),
          ),
        ),
        (words) => {
          try {
            for (const name of parsed(...words).options.keys()) expect(Object.hasOwn(SPECS, name)).toBe(true);
          } catch (error) {
            if (!isKnownError(error, "USAGE")) throw error;
          }
        },
      ),
    );
  });
});

describe("where a value comes from", () => {
  const config = new Map([["tunnel", ["from-file"]]]);

  test.each([
    {
      name: "the flag",
      words: ["--tunnel=flag"],
      env: { KAUTH_OPEN_TUNNEL: "env" },
      file: config,
      value: "flag",
    },
    { name: "the variable", words: [], env: { KAUTH_OPEN_TUNNEL: "env" }, file: config, value: "env" },
    {
      name: "an empty variable is none",
      words: [],
      env: { KAUTH_OPEN_TUNNEL: "" },
      file: config,
      value: "from-file",
    },
    { name: "config.yaml", words: [], env: {}, file: config, value: "from-file" },
    { name: "the default", words: [], env: {}, file: new Map<string, readonly string[]>(), value: "auto" },
    {
      name: "the last of several flags",
      words: ["--tunnel=a", "--tunnel=b"],
      env: {},
      file: config,
      value: "b",
    },
  ])("$name", ({ words, env, file, value }) => {
    expect(options(words, env as Record<string, string>, file).string("tunnel")).toBe(value);
  });

  test("a variable is blamed by its own name", () => {
    expect(() => options([], { KAUTH_OPEN_FLAG: "x" }).boolean("flag")).toThrow(
      'Cannot use KAUTH_OPEN_FLAG="x": it must be true or false',
    );
  });

  test("a variable is checked as a flag is", () => {
    expect(() => options([], { KAUTH_OPEN_FLAG: "perhaps" }).boolean("flag")).toThrow("true or false");
    expect(options([], { KAUTH_OPEN_FLAG: "1" }).boolean("flag")).toBe(true);
    expect(options([], { KAUTH_OTHER: "true" }).boolean("other")).toBe(true);
  });

  test("what is kubectl's has no variable", () => {
    expect(
      options([], { KAUTH_OPEN_NAMESPACE: "x", KAUTH_OPEN_VMODULE: "x" }).string("namespace"),
    ).toBeUndefined();
    expect(variableOf(COMMAND, "vmodule", SPECS["vmodule"] as OptionSpec)).toBeUndefined();
  });

  test.each([
    { words: ["-v"], count: 1 },
    { words: ["-vvv"], count: 3 },
    { words: ["-v", "-v"], count: 2 },
    { words: ["-v=4"], count: 4 },
    { words: [], count: 0 },
  ])("$words count $count", ({ words, count }) => {
    expect(options(words).count("verbose")).toBe(count);
  });

  test("an option that does not exist is a fault of ours", () => {
    expect(() => options([]).string("nothing")).toThrow(TypeError);
  });
});

describe("the nearest name", () => {
  test.each([
    { word: "opne", names: ["open", "demo"], found: "open" },
    { word: "completoin", names: ["completion", "clean"], found: "completion" },
    { word: "xyz", names: ["open", "demo"], found: undefined },
    { word: "x", names: [], found: undefined },
  ])("$word", ({ word, names, found }) => {
    expect(nearest(word, names)).toBe(found);
  });
});
