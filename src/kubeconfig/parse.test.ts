import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { parseKubeconfig } from "./parse.ts";
import { selectContext } from "./select.ts";
import type { User } from "./types.ts";

const failure = async (text: string): Promise<string> => {
  const error = await failureOf(parseKubeconfig(text));
  expect([error.code, error.message.startsWith('error loading config file "kubeconfig": ')]).toEqual([
    "KUBECONFIG_INVALID",
    true,
  ]);
  return error.message.slice('error loading config file "kubeconfig": '.length);
};
const userOf = async (fields: string): Promise<User | undefined> =>
  (await parseKubeconfig(`users: [{name: u, user: {${fields}}}]`)).users.get("u")?.value;

describe("L10 what a file may be", () => {
  test.each([
    ["L10 without kind and apiVersion", "current-context: a"],
    ["L10 without kind", "apiVersion: v1\ncurrent-context: a"],
    ["L10 with both", "apiVersion: v1\nkind: Config\ncurrent-context: a"],
    [
      "L10 with unknown fields",
      "more: {b: 1}\nUsers: 3\ncurrent-context: a\nusers: [{name: u, user: {x: y}}]",
    ],
    ["L10 JSON", '{"current-context":"a","clusters":null}'],
    ["L10 JSON with a comma too many, which YAML allows", '{"current-context": "a",}'],
    ["L10 a second document, which nobody reads", "current-context: a\n---\ncurrent-context: b\n---\n: ["],
    [
      "L10 preferences and extensions",
      "preferences: {colors: yes}\nextensions: [{name: x, extension: 1}]\ncurrent-context: a",
    ],
    ["L10 a key twice, of which the last counts", "current-context: b\ncurrent-context: a"],
    ["L10 a merge key", "x: &x {current-context: a}\n<<: *x"],
    ["L10 a tag", "current-context: !!str a"],
    ["L10 a tag of somebody's", "current-context: !mine a"],
  ])("%s", async (_name, text) => {
    expect((await parseKubeconfig(text)).currentContext).toBe("a");
  });

  test.each([
    ["L10 another kind", "apiVersion: v1\nkind: Pod", 'no kind "Pod" is registered for version "v1"'],
    ["L10 another kind without a version", "kind: Pod", 'no kind "Pod" is registered for version "v1"'],
    ["L10 another version", "apiVersion: v2", 'no kind "Config" is registered for version "v2"'],
  ])("%s", async (_name, text, wanted) => {
    expect(await failure(text)).toBe(wanted);
  });

  test("an entry called __proto__ is an entry like others", async () => {
    const loaded = await parseKubeconfig(
      "contexts: [{name: __proto__, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: s}}]",
    );
    expect(selectContext(loaded, { context: "__proto__" }).contextName).toBe("__proto__");
  });
});

describe("L12 names twice", () => {
  const lists = {
    clusters: "*[]NamedCluster into *map[string]*api.Cluster",
    users: "*[]NamedAuthInfo into *map[string]*api.AuthInfo",
    contexts: "*[]NamedContext into *map[string]*api.Context",
    extensions: "*[]NamedExtension into *map[string]runtime.Object",
  };
  test.each(Object.entries(lists))("L12 %s", async (list, types) => {
    expect(await failure(`${list}: [{name: x}, {name: x}]`)).toBe(
      `error converting ${types}: duplicate name "x" in list`,
    );
  });

  test.each([
    ["clusters: [{name: c, cluster: {extensions: [{name: x}, {name: x}]}}]"],
    ["users: [{name: c, user: {extensions: [{name: x}, {name: x}]}}]"],
    ["contexts: [{name: c, context: {extensions: [{name: x}, {name: x}]}}]"],
    ["preferences: {extensions: [{name: x}, {name: x}]}"],
  ])("L12 extensions in %s", async (text) => {
    expect(await failure(text)).toContain(lists.extensions);
  });

  test("L12 two entries without a name", async () => {
    expect(await failure("users: [{user: {token: t}}, null]")).toContain('duplicate name "" in list');
  });
});

describe("1.4 fields", () => {
  test("1.4 all of a user", async () => {
    const user = await userOf(
      'client-certificate: a, client-certificate-data: Yg==, client-key: c, client-key-data: ZA==, token: e, tokenFile: f, as: g, as-uid: "h", as-groups: [i, null], as-user-extra: {j: [k, l], __proto__: null}, username: m, password: o, auth-provider: {name: p, config: {q: r, s: null}}',
    );
    expect(user).toMatchObject({
      clientCertificate: "a",
      clientCertificateData: "b",
      clientKey: "c",
      tokenFile: "f",
      impersonate: { user: "g", uid: "h", groups: ["i", ""] },
      username: "m",
      authProvider: {
        name: "p",
        config: new Map([
          ["q", "r"],
          ["s", ""],
        ]),
      },
    });
    expect([user?.clientKeyData?.reveal(), user?.token?.reveal(), user?.password?.reveal()]).toEqual([
      "d",
      "e",
      "o",
    ]);
    expect([...(user?.impersonate.extra ?? [])]).toEqual([
      ["j", ["k", "l"]],
      ["__proto__", []],
    ]);
  });

  test("1.4 all of a plugin", async () => {
    const user = await userOf(
      "exec: {command: a, args: [b, null], env: [{name: c, value: d}, {name: e}], apiVersion: f, installHint: g, provideClusterInfo: on, interactiveMode: Never}",
    );
    expect(user?.exec).toEqual({
      command: "a",
      args: ["b", ""],
      env: [
        { name: "c", value: "d" },
        { name: "e", value: "" },
      ],
      apiVersion: "f",
      installHint: "g",
      provideClusterInfo: true,
      interactiveMode: "Never",
    });
  });

  test("1.4 all of a cluster, with the extension for plugins", async () => {
    const { clusters } = await parseKubeconfig(
      'clusters: [{name: c, cluster: {server: s, tls-server-name: t, insecure-skip-tls-verify: true, certificate-authority: u, certificate-authority-data: "dg\\n==", proxy-url: w, disable-compression: true, extensions: [{name: x}, {name: client.authentication.k8s.io/exec, extension: {audience: z}}]}}]',
    );
    expect(clusters.get("c")?.value).toEqual({
      server: "s",
      tlsServerName: "t",
      insecureSkipTlsVerify: true,
      certificateAuthority: "u",
      certificateAuthorityData: "v",
      proxyUrl: "w",
      disableCompression: true,
      execConfig: { audience: "z" },
    });
  });

  test.each([
    ["v1beta1", "IfAvailable"],
    ["v1alpha1", "IfAvailable"],
    ["v1", ""],
  ])("1.7 the interactiveMode that %s has by itself", async (version, wanted) => {
    const user = await userOf(`exec: {command: a, apiVersion: client.authentication.k8s.io/${version}}`);
    expect(user?.exec?.interactiveMode).toBe(wanted);
  });

  test("1.2 what comes from no file is resolved against nothing", async () => {
    const user = await userOf("client-key: a, exec: {command: ./login}");
    expect([user?.clientKey, user?.exec?.command]).toEqual(["a", "./login"]);
  });
});

describe("L8 mistakes in a file", () => {
  test.each([
    ["text", "bogus value", "value must be an object, not string"],
    ["a list", "[]", "value must be an object, not a list"],
    ["clusters that are no list", "clusters: 3", "clusters must be a list, not number"],
    ["a server that is no text", "clusters: [{name: c, cluster: {server: [1]}}]", "must be text, not a list"],
    [
      "a flag that is text",
      "clusters: [{name: c, cluster: {insecure-skip-tls-verify: 'yes'}}]",
      "true or false",
    ],
    ["a token that is a number", "users: [{name: u, user: {token: 12}}]", "must be text, not number"],
    [
      "a token that is a word for true",
      "users: [{name: u, user: {token: Yes}}]",
      "must be text, not boolean",
    ],
    [
      "an argument that is a number",
      "users: [{name: u, user: {exec: {args: [1]}}}]",
      "must be text, not number",
    ],
    [
      "a variable that is a number",
      "users: [{name: u, user: {exec: {env: [{name: a, value: 1}]}}}]",
      "must be text",
    ],
    [
      "a provider's value that is a number",
      "users: [{name: u, user: {auth-provider: {config: {a: 1}}}}]",
      "must be text",
    ],
    ["data that is no base64", "users: [{name: u, user: {client-key-data: '%%'}}]", "must be base64"],
    ["base64 without its end", "users: [{name: u, user: {client-key-data: YQ}}]", "must be base64"],
    ["base64 with a blank", "users: [{name: u, user: {client-key-data: 'YQ= ='}}]", "must be base64"],
    ["broken YAML", "b: c\na: [", "yaml: line 2, column 5: "],
    ["an unknown alias", "a: *b", "yaml: an alias is unknown"],
    ["control characters", "a: \u0001", "yaml: control characters are not allowed"],
  ])("L8 %s", async (_name, text, wanted) => {
    expect(await failure(text)).toContain(wanted);
  });

  test.each([
    ["beside bad indentation", "users:\n- name: u\n  user:\n    password: hunter2-canary\n   username: u\n"],
    ["after a stray quote", 'users: [{name: u, user: {token: "x"hunter2-canary}}]'],
    ["in a directive", "%hunter2-canary\n---\n- : :\n- ["],
    ["in a block that never ends", "a: {password: hunter2-canary"],
    ["as an alias", "a: *hunter2-canary"],
    ["of the wrong type", "users: [{name: u, user: {token: [hunter2-canary]}}]"],
    ["as a bad escape", String.raw`a: "\qhunter2-canary"`],
    ["after a reserved mark", "a: @hunter2-canary\nb: `hunter2-canary"],
    ["in a list with a name twice", "users: [{name: u, user: {token: hunter2-canary}}, {name: u}]"],
  ])("no message quotes a secret %s (R-H1)", async (_name, text) => {
    expect(await failure(text)).not.toContain("hunter2");
  });
});

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");

describe("texts that cost more than they are worth", () => {
  const MiB16 = 16 * 1024 * 1024;
  const rows: readonly (readonly [string, string])[] = [
    ["16 MiB of brackets", "[".repeat(MiB16)],
    ["16 MiB of braces, as JSON", '{"a":'.repeat(MiB16 / 5)],
    ["16 MiB of closing brackets", "]".repeat(MiB16)],
    ["16 MiB of dashes", "- ".repeat(MiB16 / 2)],
    ["16 MiB of question marks", "? ".repeat(MiB16 / 2)],
    ["16 MiB of digits", `[${"1".repeat(MiB16)}`],
    ["16 MiB of digits with underscores", `[${"1_".repeat(MiB16 / 2)}`],
    ["16 MiB of commas", `[${",".repeat(MiB16)}`],
    ["JSON that nests 100,000 deep", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    [
      "a bomb of aliases",
      `a0: &a0 x\n${Array.from({ length: 60 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]\n`).join("")}`,
    ],
    [
      "a chain of merges",
      `a0: &a0 {k: v}\n${Array.from({ length: 5000 }, (_, index) => `a${index + 1}: &a${index + 1} {<<: *a${index}, k${index}: v}\n`).join("")}`,
    ],
    ["what holds itself", "users: &u [{name: a, user: *u}]"],
  ];
  test.each(rows)("%s", async (_name, text) => {
    const start = performance.now();
    await failure(text);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test.each<[string, string]>([
    ["digits", `x: ${"1".repeat(80_000)}x`],
    ["digits beside other letters", `y: ä\nx: ${"1".repeat(80_000)}x`],
    [
      "a chain of merges",
      `x0: &x0 {a: 1}\n${lines(450, (n) => `x${n + 1}: &x${n + 1} {<<: *x${n}, k${n}: 1}`)}`,
    ],
    [
      "merges of much",
      `x: &x {${lines(10_000, (n) => `k${n}: 1,`)}}\n${lines(400, (n) => `y${n}: {<<: *x}`)}`,
    ],
    ["marked keys in marked keys", `${"? ".repeat(250)}a`],
    ["lists for keys", `${"[".repeat(200)}a${"]: b".repeat(200)}`],
    ["maps for keys", `a: ${"{".repeat(300)}a${"}: b".repeat(300)}`],
    ["aliases", `x: &x ä\n${lines(19_000, (n) => `a${n}: *x`)}`],
    ["anchors", `${lines(19_000, (n) => `a${n}: &a${n} ä`)}b: [${"*a0, ".repeat(4000)}]`],
    ["directives", `${"%FOO x\n".repeat(200_000)}---\na: ä\n`],
  ])("%s without end take no time", async (_name, text) => {
    const start = process.cpuUsage();
    await parseKubeconfig(text).catch((error: unknown) => expect(error).toBeInstanceOf(KnownError));
    const { user } = process.cpuUsage(start);
    expect(user / 1e6).toBeLessThan(3);
  });

  test("a stanza that 3,000 users share is none of them", async () => {
    const users = Array.from({ length: 3000 }, (_, index) => `- {name: u${index}, user: *one}`).join("\n");
    const { users: read } = await parseKubeconfig(`x: &one {username: me}\nusers:\n${users}\n`);
    expect([read.size, read.get("u2999")?.value.username]).toEqual([3000, "me"]);
  });

  test("whatever the text, there is a kubeconfig or a coded error", async () => {
    const word = fc.constantFrom(
      ..."users: |clusters: |contexts: |- name: a|  user: |{name: a, |user: {|exec: |{command: x}|&a |*a|<<: |[|]|{|}|, |: |? |- |\n|  |# |--- |\"|'|!!str |yes|1e3|null|\t|%".split(
        "|",
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(word, fc.string({ unit: "binary" })), { maxLength: 30 }),
        async (parts) => {
          const outcome = await parseKubeconfig(parts.join("")).catch((error: unknown) => error);
          if (outcome instanceof Error && !(outcome instanceof KnownError)) throw outcome;
        },
      ),
      { numRuns: 500 },
    );
  });

  test("whatever the JSON, there is a kubeconfig or a coded error", async () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const file = fc.record(
      {
        users: fc.oneof(
          value,
          fc.array(
            fc.record(
              {
                name: value,
                user: fc.oneof(
                  value,
                  fc.record(
                    {
                      exec: value,
                      token: value,
                      "as-user-extra": value,
                      "auth-provider": value,
                      extensions: value,
                    },
                    { requiredKeys: [] },
                  ),
                ),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
        clusters: fc.oneof(value, fc.array(fc.record({ name: value, cluster: value }, { requiredKeys: [] }))),
        "current-context": value,
        kind: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(file, async (tree) => {
        const outcome = await parseKubeconfig(JSON.stringify(tree)).catch((error: unknown) => error);
        if (outcome instanceof Error && !(outcome instanceof KnownError)) throw outcome;
      }),
      { numRuns: 500 },
    );
  });
});
