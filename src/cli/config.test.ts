import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recorded } from "../../test/recorded.ts";
import { loadConfig, NO_CONFIG, readConfig } from "./config.ts";

const PATH = "config.yaml";

describe("what it may say", () => {
  test("options by their long names, one value or several", async () => {
    const { commands } = await readConfig(
      {
        version: 1,
        open: { tunnel: "websocket", "skip-open-browser": true, "exec-timeout": 30, address: ["a", "b"] },
        demo: {},
      },
      PATH,
    );
    expect(commands.get("open")).toEqual(
      new Map([
        ["tunnel", ["websocket"]],
        ["skip-open-browser", ["true"]],
        ["exec-timeout", ["30"]],
        ["address", ["a", "b"]],
      ]),
    );
  });

  test.each([undefined, null])("%s is no setting", async (document) => {
    expect(await readConfig(document, PATH)).toEqual(NO_CONFIG);
  });
});

interface Refused {
  readonly name: string;
  readonly document: unknown;
  readonly says: string;
}

describe("refused, exit 2", () => {
  test.each<Refused>([
    { name: "a list", document: [], says: "must be a mapping" },
    { name: "no version", document: { open: {} }, says: '"version" must be 1' },
    { name: "a newer version", document: { version: 2 }, says: "newer than this kauth knows" },
    { name: "an unknown command", document: { version: 1, opne: {} }, says: 'unknown key "opne"' },
    {
      name: "an unknown option",
      document: { version: 1, open: { tunel: "spdy" } },
      says: 'unknown key "open.tunel"',
    },
    {
      name: "kubectl's option",
      document: { version: 1, open: { token: "x" } },
      says: 'unknown key "open.token"',
    },
    {
      name: "an option without meaning",
      document: { version: 1, open: { kuberc: "x" } },
      says: 'unknown key "open.kuberc"',
    },
    {
      name: "an inherited name",
      document: { version: 1, open: { constructor: "x" } },
      says: 'unknown key "open.constructor"',
    },
    {
      name: "a block that is no mapping",
      document: { version: 1, open: "x" },
      says: '"open" must be a mapping',
    },
    {
      name: "several for one",
      document: { version: 1, open: { tunnel: ["spdy", "websocket"] } },
      says: "one value, not a list",
    },
    {
      name: "none of the choices",
      document: { version: 1, open: { tunnel: "pigeon" } },
      says: '"open.tunnel" is "pigeon": it must be one of auto, spdy, websocket',
    },
    {
      name: "neither true nor false",
      document: { version: 1, open: { anonymous: "perhaps" } },
      says: '"open.anonymous" is "perhaps": it must be true or false',
    },
    { name: "a mapping for a value", document: { version: 1, open: { tunnel: {} } }, says: "must be text" },
    { name: "null for a value", document: { version: 1, open: { tunnel: null } }, says: "must be text" },
  ])("$name", async ({ document, says }) => {
    await expect(readConfig(document, PATH)).rejects.toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", exit: 2, message: expect.stringContaining(says) }),
    );
  });
});

test.each([
  { document: { version: 1, open: { tunel: "spdy" } }, hint: "Did you mean open.tunnel?" },
  { document: { version: 1, opne: {} }, hint: "Did you mean open?" },
  { document: { version: 1, open: { tunnel: "x" } }, hint: 'Correct "open.tunnel" there' },
  { document: { version: 1, open: { zzzzzzzzzz: "x" } }, hint: "Correct the key that the message names." },
  { document: { version: 1, preset: {} }, hint: "Did you mean presets?" },
  { document: { version: 2 }, hint: "Update kauth" },
  { document: { open: {} }, hint: "Begin it with a line: version: 1" },
])("the hint for $document is $hint", async ({ document, hint }) => {
  await expect(readConfig(document, PATH)).rejects.toThrow(expect.objectContaining({ hint }));
});

describe("the file", () => {
  test("is read from its place, and its absence is no fault", async () => {
    await using under = await recorded();
    expect(await loadConfig(under.system())).toEqual(NO_CONFIG);
    await writeFile(join(under.home, "config.yaml"), "version: 1\nopen:\n  tunnel: spdy\n");
    expect((await loadConfig(under.system())).commands.get("open")?.get("tunnel")).toEqual(["spdy"]);
  });

  test("that KAUTH_CONFIG names has to be there", async () => {
    await using under = await recorded({ KAUTH_CONFIG: "/nowhere/config.yaml" });
    await expect(loadConfig(under.system())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      hint: "Correct KAUTH_CONFIG, or unset it",
    });
  });

  test.each([
    { name: "no YAML", text: "version: 1\nopen: [" },
    { name: "a key twice", text: "version: 1\nopen: {}\nopen: {}\n" },
    {
      name: "a preset twice",
      text: "version: 1\npresets:\n  a:\n    services: [a]\n  a:\n    services: [b]\n",
    },
    { name: "an alias", text: "version: 1\nopen: &a { tunnel: spdy }\ndemo: *a\n" },
    { name: "larger than 256 KiB", text: `# ${"x".repeat(257 * 1024)}\nversion: 1\n` },
  ])("with $name is refused by its path", async ({ text }) => {
    await using under = await recorded();
    const path = join(under.home, "config.yaml");
    await writeFile(path, text);
    await expect(loadConfig(under.system())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/[^:]$/),
      hint: expect.not.stringContaining("key that the message names"),
    });
    await expect(loadConfig(under.system())).rejects.toThrow(path);
  });

  test("that is a directory is refused", async () => {
    await using under = await recorded();
    await mkdir(join(under.home, "config.yaml"));
    await expect(loadConfig(under.system())).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
