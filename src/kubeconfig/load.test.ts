import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KnownError } from "../base/errors.ts";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { kubeconfigPaths, loadKubeconfig } from "./load.ts";
import { mergeKubeconfigs } from "./merge.ts";
import { parseKubeconfig } from "./parse.ts";
import { selectContext } from "./select.ts";

let directory: string;
let said: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-kubeconfig-"));
  said = "";
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const at = (...names: string[]): string => join(directory, ...names);
const put = async (name: string, text: string): Promise<string> => {
  await mkdir(join(at(name), ".."), { recursive: true });
  await writeFile(at(name), text);
  return at(name);
};
const system = (env: Record<string, string> = {}): System => ({
  ...realSystem(),
  env,
  home: at("home"),
  cwd: directory,
  log: logTo({ out: () => undefined, err: (text) => (said += text) }, 1),
});
const list = (...names: string[]): Record<string, string> => ({ KUBECONFIG: names.join(delimiter) });
const failure = async (work: Promise<unknown>): Promise<KnownError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KnownError)) throw new TypeError("nothing known was thrown");
  return error;
};
const config = (context: string, server: string): string => `
current-context: ${context}
clusters: [{name: c, cluster: {server: "${server}"}}]
contexts: [{name: ${context}, context: {cluster: c}}]
`;

describe("which files count", () => {
  test.each([
    ["a flag alone (L1)", "a:b", list("x", "y"), ["/cwd/a:b"]],
    ["an absolute flag", "/f", {}, ["/f"]],
    ["an empty flag is none", "", {}, [join("/home", ".kube", "config")]],
    [
      "the list, each once, empty items left out (L3)",
      undefined,
      list("a", "", "/b", "a", ""),
      ["/cwd/a", "/b"],
    ],
    ["an empty list is none (L6)", undefined, { KUBECONFIG: "" }, [join("/home", ".kube", "config")]],
    ["home (L6)", undefined, {}, [join("/home", ".kube", "config")]],
  ])("%s", (_name, flag, env, wanted) => {
    expect(kubeconfigPaths({ env, home: "/home", cwd: "/cwd" }, flag)).toEqual(wanted);
  });
});

describe("loading", () => {
  test("the flag wins over KUBECONFIG and home", async () => {
    await put("home/.kube/config", config("home", "https://home"));
    await put("listed", config("listed", "https://listed"));
    await put("flag", config("flag", "https://flag"));
    const env = list("listed");
    expect((await loadKubeconfig(system(env), { explicit: "flag" })).currentContext).toBe("flag");
    expect((await loadKubeconfig(system(env))).currentContext).toBe("listed");
    expect((await loadKubeconfig(system())).currentContext).toBe("home");
  });

  test("a flag's file that is missing is an error (L2)", async () => {
    const error = await failure(loadKubeconfig(system(), { explicit: at("none") }));
    expect([error.code, error.message, error.exit]).toEqual([
      "KUBECONFIG_MISSING",
      `stat ${at("none")}: no such file or directory`,
      2,
    ]);
  });

  test("files of the list that are missing are left out (L4)", async () => {
    await put("b", config("b", "https://b"));
    expect((await loadKubeconfig(system(list("a", "b")))).currentContext).toBe("b");
    expect(said).toBe("");
  });

  test("a list of missing files is an empty kubeconfig, never home (L5)", async () => {
    await put("home/.kube/config", config("home", "https://home"));
    const loaded = await loadKubeconfig(system(list("a", "b")));
    expect([loaded.currentContext, loaded.clusters.size]).toEqual([undefined, 0]);
    expect(said).toBe(`Config not found: ${at("a")}, ${at("b")}\n`);
  });

  test("an empty file is an empty kubeconfig (L7)", async () => {
    await put("a", "");
    expect((await loadKubeconfig(system(list("a")))).contexts.size).toBe(0);
  });

  test("of two entries of one name the first is taken whole, of values the first that is set", async () => {
    await put("a", `clusters: [{name: c, cluster: {server: "https://a"}}]\ncurrent-context: ""`);
    await put(
      "b",
      `${config("b", "https://b").replace("cluster: {", "cluster: {tls-server-name: b, ")}users: [{name: u, user: {}}]`,
    );
    const loaded = await loadKubeconfig(system(list("a", "b")));
    expect(loaded.clusters.get("c")?.value).toMatchObject({ server: "https://a", tlsServerName: undefined });
    expect([loaded.clusters.get("c")?.origin, loaded.users.get("u")?.origin]).toEqual([at("a"), at("b")]);
    expect([loaded.currentContext, loaded.sources]).toEqual(["b", [at("a"), at("b")]]);
  });

  test("paths are relative to the file that names them, bare commands stay (§1.2)", async () => {
    const body = (command: string): string => `
clusters: [{name: c, cluster: {server: "https://c", certificate-authority: ca.crt}}]
users:
- {name: u, user: {client-certificate: ../c.crt, client-key: /k, tokenFile: t, exec: {command: ${command}}}}
- {name: p, user: {auth-provider: {name: oidc, config: {idp-certificate-authority: ca.crt}}}}
`;
    await put("sub/a", body("bin/login"));
    const { clusters, users } = await loadKubeconfig(system(list("sub/a")));
    expect(clusters.get("c")?.value.certificateAuthority).toBe(at("sub", "ca.crt"));
    expect(users.get("u")?.value).toMatchObject({
      clientCertificate: at("c.crt"),
      clientKey: "/k",
      tokenFile: at("sub", "t"),
      exec: { command: at("sub", "bin", "login") },
    });
    expect(users.get("p")?.value.authProvider?.config.get("idp-certificate-authority")).toBe("ca.crt");
    await put("sub/a", body("login"));
    const bare = await loadKubeconfig(system(list("sub/a")));
    expect(bare.users.get("u")?.value.exec?.command).toBe("login");
    const bytes = await parseKubeconfig(body("./login"));
    expect(bytes.clusters.get("c")?.value.certificateAuthority).toBe("ca.crt");
  });
});

describe("mistakes in a file", () => {
  test.each([
    ["text that is no object (L8)", "bogus value", "value must be an object, not string"],
    ["clusters that are no list", "clusters: 3", "clusters must be a list, not number"],
    ["a server that is no text", "clusters: [{name: c, cluster: {server: [1]}}]", "must be text, not a list"],
    [
      "a flag that is text",
      "clusters: [{name: c, cluster: {insecure-skip-tls-verify: 'yes'}}]",
      "true or false",
    ],
    ["data that is no base64", "users: [{name: u, user: {client-key-data: '%%'}}]", "must be base64"],
    [
      "a cluster twice (L12)",
      "clusters: [{name: x}, {name: x}]",
      'error converting *[]NamedCluster into *map[string]*api.Cluster: duplicate name "x" in list',
    ],
    [
      "a user twice (L12)",
      "users: [{name: x}, {name: x}]",
      'error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name "x" in list',
    ],
    [
      "a context twice (L12)",
      "contexts: [{name: x}, {name: x}]",
      'error converting *[]NamedContext into *map[string]*api.Context: duplicate name "x" in list',
    ],
    ["broken YAML", "a: [", "line 1"],
    ["a bomb of aliases", `a: &a [x]\nb: [${"*a,".repeat(200)}]`, ""],
  ])("%s", async (_name, text, wanted) => {
    await put("bad", text);
    const error = await failure(loadKubeconfig(system(list("bad"))));
    expect([error.code, error.exit]).toEqual(["KUBECONFIG_INVALID", 2]);
    expect(error.message).toContain(`error loading config file "${at("bad")}": `);
    expect(error.message).toContain(wanted);
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
  ])("no message quotes a secret %s (R-H1)", async (_name, text) => {
    await put("bad", text);
    const error = await failure(loadKubeconfig(system(list("bad"))));
    expect(error.message).not.toContain("hunter2");
    expect(error.code).toBe("KUBECONFIG_INVALID");
  });

  test("all bad files are named", async () => {
    await put("a", "3");
    await put("b", config("b", "https://b"));
    await mkdir(at("c"));
    const error = await failure(loadKubeconfig(system(list("a", "b", "c"))));
    expect(error.message).toContain(at("a"));
    expect(error.message).toContain(
      `error loading config file "${at("c")}": read ${at("c")}: is a directory`,
    );
    expect(error.message).not.toContain(`"${at("b")}"`);
  });

  test("a file that may not be read is not left out (L9)", async () => {
    const denied: System = {
      ...system(list("a")),
      files: {
        ...realSystem().files,
        read: () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" })),
      },
    };
    const { message } = await failure(loadKubeconfig(denied));
    expect(message).toBe(`error loading config file "${at("a")}": open ${at("a")}: permission denied`);
  });

  test("a file of more than 16 MiB is refused", async () => {
    await put("big", `# ${"x".repeat(16 * 1024 * 1024)}\n`);
    expect((await failure(loadKubeconfig(system(list("big"))))).code).toBe("FILE_TOO_LARGE");
  });

  test("kind and apiVersion may be missing, unknown fields too many, JSON is YAML (L10)", async () => {
    const loaded = await parseKubeconfig('{"current-context":"a","more":{"b":1},"clusters":null}');
    expect(loaded.currentContext).toBe("a");
  });

  test("an entry called __proto__ is an entry like others", async () => {
    const loaded = await parseKubeconfig(config("__proto__", "https://c"));
    expect(selectContext(loaded).contextName).toBe("__proto__");
  });
});

test("a merge asks the files in order for every name", async () => {
  const names = fc.uniqueArray(fc.constantFrom<string[]>("a", "b", "c", "d", "__proto__", "constructor"));
  await fc.assert(
    fc.asyncProperty(fc.array(names, { maxLength: 4 }), async (files) => {
      const parsed = await Promise.all(
        files.map((entries, index) =>
          parseKubeconfig(
            JSON.stringify({
              "current-context": entries[0] ?? "",
              users: entries.map((name) => ({ name, user: { username: `${name}-${index}` } })),
            }),
            { path: `/f${index}` },
          ),
        ),
      );
      const merged = mergeKubeconfigs(parsed);
      expect(merged.currentContext).toBe(files.find((entries) => entries.length > 0)?.[0]);
      expect(new Set(merged.users.keys())).toEqual(new Set(files.flat()));
      for (const [name, entry] of merged.users) {
        const first = files.findIndex((entries) => entries.includes(name));
        expect([entry.value.username, entry.origin]).toEqual([`${name}-${first}`, `/f${first}`]);
      }
    }),
    { numRuns: 60 },
  );
});
