import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { KnownError } from "../base/errors.ts";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { kubeconfigNames, loadKubeconfig } from "./load.ts";

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
const put = async (name: string, text: string | Uint8Array): Promise<string> => {
  await mkdir(join(at(name), ".."), { recursive: true });
  await writeFile(at(name), text);
  return at(name);
};
const system = (env: Record<string, string> = {}, level = 1): System => ({
  ...realSystem(),
  env,
  home: at("home"),
  cwd: directory,
  log: logTo({ out: () => undefined, err: (text) => (said += text) }, level),
});
const list = (...names: string[]): Record<string, string> => ({ KUBECONFIG: names.join(delimiter) });
const failure = async (work: Promise<unknown>): Promise<KnownError> => {
  const error = await failureOf(work);
  expect(error.exit).toBe(2);
  return error;
};
/** A file that may be there and not be read; root may read everything. */
const denied = (env: Record<string, string>): System => ({
  ...system(env),
  files: {
    ...realSystem().files,
    readWithFacts: () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" })),
  },
});
const config = (context: string, server = `https://${context}`): string => `
current-context: ${context}
clusters: [{name: c, cluster: {server: "${server}"}}]
contexts: [{name: ${context}, context: {cluster: c}}]
`;

describe("which files count", () => {
  const home = join("/home", ".kube", "config");
  test.each<[string, string | undefined, Record<string, string>, readonly string[]]>([
    ["L1 the flag alone, never split", "a:b", list("x", "y"), ["a:b"]],
    ["L1 an empty flag is none", "", {}, [home]],
    ["L3 the list, each once, empty items left out", undefined, list("a", "", "b", "a", ""), ["a", "b"]],
    ["L3 the same only if it is written the same", undefined, list("a", "./a"), ["a", "./a"]],
    ["L6 no variable", undefined, {}, [home]],
    ["L6 an empty variable", undefined, { KUBECONFIG: "" }, [home]],
  ])("%s", (_name, flag, env, wanted) => {
    expect(kubeconfigNames({ env, home: "/home", platform: "linux" }, flag)).toEqual(wanted);
  });

  test.each<[string, Record<string, string>, readonly string[]]>([
    [
      "L3 semicolons on Windows",
      { KUBECONFIG: String.raw`C:\a;D:\b;C:\a` },
      [String.raw`C:\a`, String.raw`D:\b`],
    ],
    ["L6 home on Windows", {}, [String.raw`C:\Users\me\.kube\config`]],
  ])("%s", (_name, env, wanted) => {
    const around = { env, home: String.raw`C:\Users\me`, platform: "win32" as const };
    expect(kubeconfigNames(around, undefined)).toEqual(wanted);
  });
});

describe("loading", () => {
  test("L1 the flag wins over KUBECONFIG, and KUBECONFIG over home", async () => {
    await put("home/.kube/config", config("home"));
    await put("listed", config("listed"));
    await put("flag", config("flag"));
    const env = list("listed");
    const flag = await loadKubeconfig(system(env), { explicit: "flag" });
    expect([flag.currentContext, [...flag.contexts.keys()], flag.sources]).toEqual([
      "flag",
      ["flag"],
      [at("flag")],
    ]);
    expect((await loadKubeconfig(system(env))).currentContext).toBe("listed");
    expect((await loadKubeconfig(system())).currentContext).toBe("home");
  });

  test("L2 the flag's file is missing", async () => {
    const error = await failure(loadKubeconfig(system(list("a")), { explicit: "none" }));
    expect([error.code, error.message]).toEqual([
      "KUBECONFIG_MISSING",
      "stat none: no such file or directory",
    ]);
  });

  test("L4 some of the list are missing", async () => {
    await put("b", config("b"));
    expect((await loadKubeconfig(system(list("a", "b")))).currentContext).toBe("b");
    expect(said).toBe("");
  });

  test("L5 all of the list are missing: empty, said when asked, and never home", async () => {
    await put("home/.kube/config", config("home"));
    const loaded = await loadKubeconfig(system(list("a", at("b"))));
    expect([loaded.currentContext, loaded.clusters.size]).toEqual([undefined, 0]);
    expect(said).toBe(`Config not found: a, ${at("b")}\n`);
    said = "";
    await loadKubeconfig(system(list("a"), 0));
    expect(said).toBe("");
  });

  test.each([
    ["L7 an empty file", ""],
    ["L7 a comment alone", "# nothing\n"],
    ["L7 null", "null"],
  ])("%s", async (_name, text) => {
    await put("a", text);
    const { contexts, clusters, users } = await loadKubeconfig(system(list("a")));
    expect([contexts.size, clusters.size, users.size]).toEqual([0, 0, 0]);
  });

  test.each([
    ["L8 a file that cannot be parsed", "bad", "bogus value", "value must be an object, not string"],
    ["L8 a directory", ".", "", "read .: is a directory"],
    ["L8 a path below a file", "file/x", "", "open file/x: not a directory"],
  ])("%s", async (_name, name, text, cause) => {
    await put("file", "");
    if (text !== "") await put(name, text);
    const error = await failure(loadKubeconfig(system(list(name))));
    expect([error.code, error.message]).toEqual([
      "KUBECONFIG_INVALID",
      `error loading config file "${name}": ${cause}`,
    ]);
  });

  test("L8 all bad files are named, a line each", async () => {
    await put("a", "3");
    await put("b", config("b"));
    await mkdir(at("c"));
    const { message } = await failure(loadKubeconfig(system(list("a", "b", "c"))));
    expect(message).toBe(
      [
        'error loading config file "a": value must be an object, not number',
        'error loading config file "c": read c: is a directory',
      ].join("\n"),
    );
  });

  test("L9 a file of the list that may not be read is no missing one", async () => {
    const { message } = await failure(loadKubeconfig(denied(list("a"))));
    expect(message).toBe('error loading config file "a": open a: permission denied');
  });

  test("a file of more than 16 MiB is refused", async () => {
    await put("big", `# ${"x".repeat(16 * 1024 * 1024)}\n`);
    expect((await failure(loadKubeconfig(system(list("big"))))).code).toBe("FILE_TOO_LARGE");
  });

  test.each<[string, Buffer]>([
    ["little-endian UTF-16", Buffer.from("\ufeffcurrent-context: ü", "utf16le")],
    ["big-endian UTF-16", Buffer.from("\ufeffcurrent-context: ü", "utf16le").swap16()],
    ["UTF-8 with a mark", Buffer.from("\ufeffcurrent-context: ü")],
  ])("a file in %s, as PowerShell writes it", async (_name, bytes) => {
    await put("a", bytes);
    expect((await loadKubeconfig(system(list("a")))).currentContext).toBe("ü");
  });

  test.each([
    ["UTF-8", [0x61, 0x3a, 0xff]],
    ["UTF-16", [0xff, 0xfe, 0x00, 0xd8]],
  ])("bytes that are no %s", async (name, bytes) => {
    await put("a", Uint8Array.from(bytes));
    const { message } = await failure(loadKubeconfig(system(list("a"))));
    expect(message).toBe(`error loading config file "a": yaml: invalid ${name} text`);
  });
});

test("an entry tells who could write the very file that it was read from", async () => {
  const path = join(directory, "mine");
  await writeFile(path, config("c"), { mode: 0o600 });
  const real = realSystem().files;
  const files: System["files"] = {
    ...real,
    readWithFacts: async (...args) => {
      const read = await real.readWithFacts(...args);
      // Another file has its name by now.
      await rm(path);
      await writeFile(path, config("other"), { mode: 0o666 });
      return read;
    },
  };
  const { contexts } = await loadKubeconfig({ ...system({}), files }, { explicit: path });
  const entry = contexts.get("c");
  expect(entry?.originFacts).toEqual({ uid: process.getuid?.(), mode: 0o600 });
  expect(entry?.origin).toBe(path);
});

describe("L11 the kubeconfig of old", () => {
  beforeEach(async () => {
    await put("home/.kube/.kubeconfig", config("old"));
  });
  const at11 = (): System => system({ HOME: at("home") });

  test("L11 it is copied first, with its rights but those to execute", async () => {
    const { chmod } = await import("node:fs/promises");
    await chmod(at("home/.kube/.kubeconfig"), 0o740);
    expect((await loadKubeconfig(at11())).currentContext).toBe("old");
    expect(await readFile(at("home/.kube/config"), "utf8")).toBe(config("old"));
    expect((await stat(at("home/.kube/config"))).mode & 0o777).toBe(0o640);
  });

  test("L11 a kubeconfig that is there stays", async () => {
    await put("home/.kube/config", config("new"));
    expect((await loadKubeconfig(at11())).currentContext).toBe("new");
  });

  test("L11 a directory is refused", async () => {
    await rm(at("home/.kube/.kubeconfig"));
    await mkdir(at("home/.kube/.kubeconfig"));
    expect((await failure(loadKubeconfig(at11()))).message).toBe(
      `cannot migrate ${at("home/.kube/.kubeconfig")} to ${at("home/.kube/config")} because it is a directory`,
    );
  });

  test("L11 one that may not be read is passed over", async () => {
    const real = realSystem().files;
    const loaded = await loadKubeconfig({
      ...at11(),
      files: {
        ...real,
        read: (path, limit) =>
          path.endsWith(".kubeconfig")
            ? Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }))
            : real.read(path, limit),
      },
    });
    expect(loaded.currentContext).toBeUndefined();
  });

  test("L11 nothing is copied where home does not count", async () => {
    await put("a", config("a"));
    await loadKubeconfig(system({ ...list("a"), HOME: at("home") }));
    await loadKubeconfig(system({ HOME: at("home") }), { explicit: "a" });
    await expect(stat(at("home/.kube/config"))).rejects.toThrow("ENOENT");
  });
});

describe("1.2 merging", () => {
  test("1.2 of two entries of one name the first is taken whole, of values the first that is set", async () => {
    await put("a", `clusters: [{name: c, cluster: {server: "https://a"}}]\ncurrent-context: ""`);
    await put(
      "b",
      `${config("b").replace("cluster: {", "cluster: {tls-server-name: b, ")}users: [{name: u, user: {}}]`,
    );
    const loaded = await loadKubeconfig(system(list("a", "b")));
    expect(loaded.clusters.get("c")?.value).toMatchObject({ server: "https://a", tlsServerName: undefined });
    expect(loaded.currentContext).toBe("b");
  });

  test("1.2 each entry remembers its file", async () => {
    await put("a", `clusters: [{name: c, cluster: {server: "https://a"}}]`);
    await put("b", `${config("b")}users: [{name: u, user: {}}]`);
    const { clusters, users, contexts, sources } = await loadKubeconfig(system(list("a", "b")));
    expect([clusters.get("c")?.origin, users.get("u")?.origin, contexts.get("b")?.origin]).toEqual([
      at("a"),
      at("b"),
      at("b"),
    ]);
    expect(sources).toEqual([at("a"), at("b")]);
  });

  test("1.2 paths are relative to the file that names them", async () => {
    await put(
      "sub/a",
      `
clusters: [{name: c, cluster: {server: "https://c", certificate-authority: ca.crt}}]
users:
- {name: u, user: {client-certificate: ../c.crt, client-key: /k, tokenFile: t, exec: {command: bin/login}}}
- {name: p, user: {auth-provider: {name: oidc, config: {idp-certificate-authority: ca.crt}}, exec: {command: login}}}
`,
    );
    const { clusters, users } = await loadKubeconfig(system(list("sub/a")));
    expect(clusters.get("c")?.value.certificateAuthority).toBe(at("sub", "ca.crt"));
    expect(users.get("u")?.value).toMatchObject({
      clientCertificate: at("c.crt"),
      clientKey: "/k",
      tokenFile: at("sub", "t"),
      exec: { command: at("sub", "bin", "login") },
    });
    // Names are looked up on PATH, and a provider's paths are its own affair.
    expect(users.get("p")?.value.exec?.command).toBe("login");
    expect(users.get("p")?.value.authProvider?.config.get("idp-certificate-authority")).toBe("ca.crt");
  });
});
