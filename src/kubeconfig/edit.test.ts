import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { failureOf } from "../../test/failure.ts";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { persistAuthProvider } from "./edit.ts";
import { parseKubeconfig } from "./parse.ts";
import { parseYaml } from "./yaml.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-edit-"));
  path = join(directory, "config");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const system = (): System => ({
  ...realSystem(),
  log: logTo({ out: () => undefined, err: () => undefined }, 0),
});
const persist = async (config: Record<string, string>, user = "u", on = system()): Promise<void> => {
  await persistAuthProvider({ path, user }, new Map(Object.entries(config)), on);
};
const edited = async (text: string, config: Record<string, string>): Promise<string> => {
  await writeFile(path, text);
  await persist(config);
  return await readFile(path, "utf8");
};
const configOf = async (text: string, user = "u"): Promise<Record<string, string>> => {
  const found = (await parseKubeconfig(text)).users.get(user)?.value.authProvider?.config;
  return Object.fromEntries(found ?? []);
};

const FILE = `# mine
apiVersion: v1
kind: Config
preferences: {}   # odd   spacing
users:
    # before u
  - name: u # the user
    user:
        client-certificate: ../relative.crt
        auth-provider:
            config:
                # the client
                client-id: kauth   # as registered
                id-token: 'old'
                refresh-token: "r1"
            name: oidc
        unknown-field: [1, 2,   3]
  - {name: other, user: {token: x}}
clusters:
- cluster: &c {server: "https://s"}
  name: one
- {name: two, cluster: *c}
`;

describe("only the stanza changes", () => {
  test("values in their places, with their comments", async () => {
    expect(await edited(FILE, { "client-id": "kauth", "id-token": "new.a_b-c", "refresh-token": "r2" })).toBe(
      FILE.replace("'old'", '"new.a_b-c"').replace('"r1"', '"r2"'),
    );
  });

  test("keys that come and go", async () => {
    expect(await edited(FILE, { "client-id": "kauth", "access-token": "true", expiry: "plain" })).toBe(
      FILE.replace(/ *id-token.*\n *refresh-token.*\n/, "").replace(
        /( *)client-id.*\n/,
        '$&$1access-token: "true"\n$1expiry: plain\n',
      ),
    );
  });

  test("all keys go", async () => {
    const text = await edited(FILE, {});
    expect(text).toBe(FILE.replace(/(config:\n *# the client\n *)client-id[^]*?(\n *name: oidc)/, "$1{}$2"));
    expect(await configOf(text)).toEqual({});
  });

  const user = (rest: string): string => `users:\n- name: u\n  user:\n    auth-provider:\n${rest}`;
  test.each<[string, string, Record<string, string>, string]>([
    [
      "CRLF",
      user("      name: oidc\n      config:\n        a: b").replaceAll("\n", "\r\n"),
      { a: "c", d: "e" },
      user("      name: oidc\n      config:\n        a: c\n        d: e").replaceAll("\n", "\r\n"),
    ],
    [
      "no config",
      user("      name: oidc\n"),
      { a: "b" },
      user('      name: oidc\n      config: {"a":"b"}\n'),
    ],
    [
      "no config, and no line end",
      user("      name: oidc"),
      { a: "b" },
      user('      name: oidc\n      config: {"a":"b"}'),
    ],
    [
      "an empty config",
      user("      config: # none\n      name: oidc\n"),
      { a: "b" },
      user('      config: {"a":"b"} # none\n      name: oidc\n'),
    ],
    [
      "{}",
      user("      config: {}\n      name: x\n"),
      { a: "b" },
      user('      config: {"a": "b"}\n      name: x\n'),
    ],
    [
      "a flow map",
      user("      config: {a: b, c: d} # c\n      name: x\n"),
      { a: "B", c: "d", e: "f" },
      user('      config: {a: "B", c: d, "e": "f"} # c\n      name: x\n'),
    ],
    [
      "a flow map that shrinks",
      user("      config: { a: b, c: d, e: f }\n      name: x\n"),
      { c: "D" },
      user('      config: { "c": "D" }\n      name: x\n'),
    ],
    [
      "a value without anything",
      user("      config:\n        a:\n        b: c\n      name: x\n"),
      { a: "A", b: "c" },
      user("      config:\n        a: A\n        b: c\n      name: x\n"),
    ],
    [
      "a block scalar",
      user("      config:\n        a: |\n          x\n          y\n        b: c\n      name: x\n"),
      { a: "A", b: "c" },
      user('      config:\n        a: "A"\n        b: c\n      name: x\n'),
    ],
    [
      "a key twice, of which the last counts",
      user("      config:\n        a: v\n        a: w\n      name: x\n"),
      { a: "z" },
      user("      config:\n        a: z\n      name: x\n"),
    ],
    [
      "text beyond ASCII, and what YAML cannot print",
      user("      config:\n        a: b\n      name: x\n"),
      { a: "ü: #\n\u0085\u0000 'x' \"y\"" },
      user('      config:\n        a: "ü: #\\n\\u0085\\u0000 \'x\' \\"y\\""\n      name: x\n'),
    ],
    [
      "a second document",
      `${user("      config:\n        a: b\n      name: x\n")}---\nnot: [read\n`,
      { a: "c" },
      `${user("      config:\n        a: c\n      name: x\n")}---\nnot: [read\n`,
    ],
    [
      "a byte order mark",
      `\ufeff${user("      config:\n        a: b\n      name: x\n")}`,
      { a: "c" },
      `\ufeff${user("      config:\n        a: c\n      name: x\n")}`,
    ],
    [
      "an alias elsewhere of what changes",
      `${user("      config: &k\n        a: b\n      name: x\n")}- {name: v, user: {auth-provider: {name: x, config: *k}}}\n`,
      { a: "c" },
      `${user("      config: &k\n        a: c\n      name: x\n")}- {name: v, user: {auth-provider: {name: x, config: {"a":"b"}}}}\n`,
    ],
    [
      "an alias in its place",
      `x: &k {a: b}\n${user("      config: *k\n      name: x\n")}`,
      { a: "c" },
      `x: &k {a: b}\n${user('      config: {"a":"c"}\n      name: x\n')}`,
    ],
    [
      "a user that is an alias",
      "x: &u {auth-provider: {name: x, config: {a: b}}, token: t}\nusers: [{name: u, user: *u}, {name: v, user: *u}]\n",
      { a: "c" },
      'x: &u {auth-provider: {name: x, config: {a: b}}, token: t}\nusers: [{name: u, user: {"auth-provider":{"name":"x","config":{"a":"c"}},"token":"t"}}, {name: v, user: *u}]\n',
    ],
    [
      "a provider that is merged in",
      `x: &u {auth-provider: {name: x, config: {a: b}}}\nusers:\n- name: u\n  user:\n    <<: *u\n    token: t\n`,
      { a: "c" },
      `x: &u {auth-provider: {name: x, config: {a: b}}}\nusers:\n- name: u\n  user:\n    <<: *u\n    token: t\n    auth-provider: {"name":"x","config":{"a":"c"}}\n`,
    ],
    [
      "JSON on one line",
      '{"users":[{"name":"u","user":{"auth-provider":{"name":"x","config":{"a":"b"}}}}], "n": 1.50}',
      { a: "c", d: "e" },
      '{"users":[{"name":"u","user":{"auth-provider":{"name":"x","config":{"a":"c", "d": "e"}}}}], "n": 1.50}',
    ],
    [
      "JSON without a config",
      '{"users":[{"name":"u","user":{"auth-provider":{"name":"x"}}}]}\n',
      { a: "c" },
      '{"users":[{"name":"u","user":{"auth-provider":{"name":"x", "config": {"a":"c"}}}}]}\n',
    ],
  ])("%s", async (_name, text, config, wanted) => {
    const got = await edited(text, config);
    expect(got).toBe(wanted);
    expect(await configOf(got)).toEqual(config);
  });

  test.each([
    ["spaces", 2],
    ["tabs", "\t"],
  ])("JSON with lines and %s", async (_name, indent) => {
    const json = (config: object): string =>
      `${JSON.stringify({ x: null, users: [{ user: { "auth-provider": { config, name: "x" } }, name: "u" }] }, null, indent)}\n`;
    expect(await edited(json({ a: "1", b: "2" }), { a: "1", b: "3", c: "4" })).toBe(
      json({ a: "1", b: "3", c: "4" }),
    );
    expect(await edited(json({ a: "1", b: "2" }), { b: "3" })).toBe(json({ b: "3" }));
  });

  test.each([
    ["a user that is not there", { a: "b" }, "w"],
    ["a user without a provider", { a: "b" }, "other"],
    ["nothing new", { "client-id": "kauth", "id-token": "old", "refresh-token": "r1" }, "u"],
  ])("%s: the file is left alone", async (_name, config, user) => {
    await writeFile(path, FILE);
    const before = await stat(path);
    await persist(config, user);
    expect([await readFile(path, "utf8"), (await stat(path)).ino]).toEqual([FILE, before.ino]);
    expect(await readdir(directory)).toEqual(["config"]);
  });

  test("no file: none is made", async () => {
    await persist({ a: "b" });
    expect(await readdir(directory)).toEqual([]);
  });
});

test("whatever the file and the map, the map is read again and nothing else has changed", async () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.constantFrom("yes", "1", "~", " ", "#", "- a"),
  );
  const map = fc.dictionary(fc.string({ minLength: 1, unit: "grapheme-ascii" }), text, { maxKeys: 4 });
  const styles = [
    { indent: 2 },
    { indent: 4, indentSeq: false },
    { collectionStyle: "flow" as const },
    { defaultStringType: "QUOTE_SINGLE" as const },
    { defaultStringType: "BLOCK_LITERAL" as const },
    { json: true },
  ];
  await fc.assert(
    fc.asyncProperty(map, map, fc.constantFrom(...styles), fc.boolean(), async (old, config, style, crlf) => {
      const tree = (values: object): object => ({
        users: [
          { name: "first", user: { token: "t" } },
          { name: "u", user: { "auth-provider": { name: "oidc", config: values }, other: { a: ["b", ""] } } },
        ],
        "current-context": "one",
      });
      const plain =
        "json" in style
          ? JSON.stringify(tree(old), null, 1)
          : stringify(tree(old), { ...style, version: "1.1" });
      // Nobody writes these unescaped, and no such file is read.
      fc.pre(!/[\r\u0085\u2028\u2029]/.test(plain));
      await writeFile(path, crlf ? plain.replaceAll("\n", "\r\n") : plain);
      const before = await parseYaml(await readFile(path, "utf8"));
      await persist(config);
      const after = await readFile(path, "utf8");
      expect(await configOf(after)).toEqual(config);
      const untouched = (value: unknown): string =>
        JSON.stringify(value, (key, inner: unknown) => (key === "config" ? null : inner));
      expect(untouched(await parseYaml(after))).toBe(untouched(before));
    }),
    { numRuns: 150 },
  );
});

describe("the file", () => {
  test("a symlink is followed, and stays one", async () => {
    await mkdir(join(directory, "elsewhere"));
    const real = join(directory, "elsewhere", "real");
    await writeFile(real, FILE);
    await symlink(join("elsewhere", "real"), path);
    await persist({ a: "b" });
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await configOf(await readFile(real, "utf8"))).toEqual({ a: "b" });
    expect(await readdir(join(directory, "elsewhere"))).toEqual(["real"]);
  });

  test.each([[0o600], [0o644], [0o640]])("mode %o stays", async (mode) => {
    await writeFile(path, FILE);
    await chmod(path, mode);
    await persist({ a: "b" });
    expect((await stat(path)).mode & 0o7777).toBe(mode);
  });

  test("the owner stays", async () => {
    const { uid } = realSystem();
    await writeFile(path, FILE);
    const owner = uid === 0 ? 12_345 : (uid ?? 0);
    if (uid === 0) await chown(path, owner, owner);
    await persist({ a: "b" });
    expect((await stat(path)).uid).toBe(owner);
  });

  test("the draft of a writer that was killed is taken away", async () => {
    await writeFile(path, FILE);
    await writeFile(`${path}.kauth-draft`, "half");
    await persist({ a: "b" });
    expect(await readdir(directory)).toEqual(["config"]);
  });

  test("what another program wrote meanwhile is kept", async () => {
    await writeFile(path, FILE);
    const other = FILE.replace("token: x", "token: new");
    const real = realSystem().files;
    const late = system();
    await persist({ a: "b" }, "u", {
      ...late,
      files: {
        ...real,
        // Between our first look and our lock.
        create: async (name, content, options) => {
          await writeFile(path, other);
          await real.create(name, content, options);
        },
      },
    });
    const text = await readFile(path, "utf8");
    expect([text.includes("token: new"), await configOf(text)]).toEqual([true, { a: "b" }]);
  });

  test("a file that is no UTF-8 is not written", async () => {
    const bytes = Buffer.concat([Buffer.from(FILE), Buffer.from([0x23, 0xff, 0x0a])]);
    await writeFile(path, bytes);
    expect((await failureOf(persist({ a: "b" }))).code).toBe("KUBECONFIG_UNWRITABLE");
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  test("a file with a mistake is not written", async () => {
    await writeFile(path, `${FILE}\n: [`);
    expect((await failureOf(persist({ a: "b" }))).code).toBe("KUBECONFIG_INVALID");
    expect(await readdir(directory)).toEqual(["config"]);
  });

  test.each(["ENOSPC", "EROFS", "EACCES"])("%s: the old file stays, the lock goes", async (code) => {
    await writeFile(path, FILE);
    const broken: System = {
      ...system(),
      files: {
        ...realSystem().files,
        replace: () => Promise.reject(Object.assign(new Error("no"), { code })),
      },
    };
    const error = await failureOf(persist({ a: "secret-canary" }, "u", broken));
    expect([error.code, error.exit]).toEqual(["KUBECONFIG_UNWRITABLE", 1]);
    expect(error.message).toContain(`user "u" in "${path}": open ${path}: `);
    expect(`${error.message} ${error.hint}`).not.toContain("canary");
    expect([await readFile(path, "utf8"), await readdir(directory)]).toEqual([FILE, ["config"]]);
  });
});
