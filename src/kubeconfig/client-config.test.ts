import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { logTo } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { loadClientConfig } from "./client-config.ts";
import { inClusterConfig } from "./in-cluster.ts";
import type { Overrides } from "./types.ts";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const CA = createAuthority({
  commonName: "ca",
  notBefore: epochMillis(Date.parse("2020-01-01")),
  notAfter: epochMillis(Date.parse("2050-01-01")),
}).cert;

let directory: string;
let said: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-client-config-"));
  said = "";
  await mkdir(join(directory, "account"));
  await writeFile(join(directory, "account", "token"), "pod-token\n");
  await writeFile(join(directory, "account", "namespace"), " pod-namespace\n");
  await writeFile(join(directory, "account", "ca.crt"), CA);
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A machine on which the account's directory lies elsewhere. */
const system = (env: Record<string, string> = POD): System => {
  const real = realSystem().files;
  const here = (path: string): string => path.replace(ACCOUNT, join(directory, "account"));
  return {
    ...realSystem(),
    env,
    home: join(directory, "home"),
    cwd: directory,
    files: {
      ...real,
      read: async (path, limit) => await real.read(here(path), limit),
      facts: async (path) => await real.facts(here(path)),
    },
    log: logTo({ out: () => undefined, err: (text) => (said += text) }, 4),
  };
};
const put = async (text: string): Promise<void> => {
  await writeFile(join(directory, "config"), text);
};
const load = async (
  env: Record<string, string> = POD,
  overrides: Overrides = {},
): Promise<Awaited<ReturnType<typeof loadClientConfig>>> =>
  await loadClientConfig(system({ KUBECONFIG: join(directory, "config"), ...env }), { overrides });

const FILE = `
current-context: c
clusters: [{name: k, cluster: {server: "https://file"}}]
users: [{name: u, user: {token: file-token}}]
contexts: [{name: c, context: {cluster: k, user: u}}]
`;

describe("1.8 in a pod", () => {
  test("1.8 the service account", async () => {
    const config = await load();
    expect(config).toMatchObject({
      contextName: undefined,
      clusterName: undefined,
      userName: undefined,
      userOrigin: undefined,
      userOriginFacts: undefined,
      namespace: "pod-namespace",
      cluster: { certificateAuthority: `${ACCOUNT}/ca.crt`, insecureSkipTlsVerify: false },
      user: { tokenFile: `${ACCOUNT}/token` },
    });
    expect([config.server.href, config.user.token?.reveal()]).toEqual(["https://10.0.0.1/", "pod-token"]);
    expect(said).toContain("Using in-cluster configuration");
  });

  test.each<[string, Record<string, string>]>([
    ["1.8 without a host", { KUBERNETES_SERVICE_PORT: "443" }],
    ["1.8 without a port", { KUBERNETES_SERVICE_HOST: "10.0.0.1" }],
    ["1.8 with an empty host", { ...POD, KUBERNETES_SERVICE_HOST: "" }],
  ])("%s it is none", async (_name, env) => {
    expect((await failureOf(load(env))).code).toBe("KUBECONFIG_EMPTY");
  });

  test("1.8 without a token it is none", async () => {
    await rm(join(directory, "account", "token"));
    expect((await failureOf(load())).code).toBe("KUBECONFIG_EMPTY");
    await mkdir(join(directory, "account", "token"));
    expect((await failureOf(load())).code).toBe("KUBECONFIG_EMPTY");
  });

  test("1.8 flags without a server leave it to the pod", async () => {
    await put("users: [{name: u, user: {token: t}}]");
    const config = await load(POD, { certificateAuthority: join(directory, "config"), user: "u" });
    expect(config.server.href).toBe("https://10.0.0.1/");
    expect(config.cluster.certificateAuthority).toBe(join(directory, "config"));
    const error = await failureOf(load(POD, { certificateAuthority: "/missing" }));
    expect(error.message).toContain("unable to read certificate-authority /missing");
  });

  test("1.8 an empty token is none", async () => {
    await writeFile(join(directory, "account", "token"), "\n");
    const { user } = await load();
    expect([user.token, user.tokenFile]).toEqual([undefined, `${ACCOUNT}/token`]);
  });

  test("1.8 a token that cannot be read", async () => {
    const denied = system();
    const error = await failureOf(
      loadClientConfig({
        ...denied,
        files: {
          ...denied.files,
          read: async (path, limit) =>
            path === `${ACCOUNT}/token`
              ? await Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }))
              : await denied.files.read(path, limit),
        },
      }),
    );
    expect(error.message).toBe(`open ${ACCOUNT}/token: permission denied`);
  });

  test("1.8 asked for outside of a pod", async () => {
    const error = await failureOf(
      inClusterConfig({ namespace: "n", requestTimeout: undefined }, {}, system({})),
    );
    expect([error.code, error.message]).toEqual([
      "KUBECONFIG_EMPTY",
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
    ]);
  });

  test.each([
    ["1.8 IPv6", "fd00::1", "6443", "https://[fd00::1]:6443/"],
    ["1.8 always https", "h", "8080", "https://h:8080/"],
    ["1.8 port 80 too", "h", "80", "https://h:80/"],
  ])("%s", async (_name, host, port, wanted) => {
    const config = await load({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port });
    expect(config.server.href).toBe(wanted);
  });

  test("1.8 an address that is none", async () => {
    const error = await failureOf(load({ KUBERNETES_SERVICE_HOST: "a b", KUBERNETES_SERVICE_PORT: "x" }));
    expect(error.code).toBe("CLIENT_CONFIG_INVALID");
  });

  test.each([
    ["1.8 no authority", undefined, `open ${ACCOUNT}/ca.crt: no such file or directory`],
    [
      "1.8 an authority that is none",
      "nothing",
      `error creating pool from ${ACCOUNT}/ca.crt: data does not contain any valid RSA or ECDSA certificates`,
    ],
  ])("%s: the system's count, and it is said", async (_name, content, reason) => {
    await rm(join(directory, "account", "ca.crt"));
    if (content !== undefined) await writeFile(join(directory, "account", "ca.crt"), content);
    expect((await load()).cluster.certificateAuthority).toBeUndefined();
    expect(said).toContain(`Expected to load root CA config from ${ACCOUNT}/ca.crt, but got err: ${reason}`);
  });

  const flag = new Secret("flag");
  test.each<[string, Overrides, object]>([
    ["1.8 a token takes the place of both", { token: flag }, { user: { token: flag, tokenFile: undefined } }],
    [
      "1.8 a token file alone takes the token away",
      { tokenFile: "/t" },
      { user: { token: undefined, tokenFile: "/t" } },
    ],
    [
      "1.8 whom to act as",
      { as: "x", asGroups: ["g"] },
      { impersonate: { user: "x", groups: ["g"] }, user: { impersonate: { user: "x", groups: ["g"] } } },
    ],
    ["1.8 the longest time of a request", { requestTimeout: "5" }, { requestTimeout: 5000 }],
    ["1.8 the namespace", { namespace: "n" }, { namespace: "n" }],
  ])("%s", async (_name, overrides, wanted) => {
    expect(await load(POD, overrides)).toMatchObject(wanted);
  });

  test.each<[string, Overrides, object]>([
    ["1.8 the server", { server: "https://other:1" }, { cluster: { server: "https://other:1" } }],
    ["1.8 the authority", { certificateAuthority: "/ca" }, { cluster: { certificateAuthority: "/ca" } }],
  ])("%s of a flag", async (_name, overrides, wanted) => {
    const given = { namespace: "n", requestTimeout: undefined };
    expect(await inClusterConfig(given, overrides, system())).toMatchObject({
      ...wanted,
      user: { tokenFile: `${ACCOUNT}/token` },
    });
  });
});

describe("1.8 a kubeconfig or the pod", () => {
  test("1.8 a kubeconfig that says something wins", async () => {
    await put(FILE);
    const config = await load();
    expect([config.server.href, config.user.token?.reveal()]).toEqual(["https://file/", "file-token"]);
    expect(said).not.toContain("in-cluster");
  });

  test.each<[string, string, Record<string, string>]>([
    ["1.8 one that says nothing", "", POD],
    ["1.8 one whose cluster is empty", FILE.replace('server: "https://file"', ""), POD],
    ["1.8 one that is KUBERNETES_MASTER alone", "", { ...POD, KUBERNETES_MASTER: "https://master" }],
    [
      "1.8 the same over http, where no user counts",
      FILE.replace('server: "https://file"', ""),
      { ...POD, KUBERNETES_MASTER: "http://master" },
    ],
  ])("%s does not", async (_name, text, env) => {
    await put(text);
    expect((await load(env)).server.href).toBe("https://10.0.0.1/");
  });

  test.each<[string, string, Record<string, string>, Overrides]>([
    [
      "1.8 with a user",
      FILE.replace('server: "https://file"', ""),
      { ...POD, KUBERNETES_MASTER: "https://master" },
      {},
    ],
    ["1.8 with a flag", "", { ...POD, KUBERNETES_MASTER: "https://master" }, { as: "x" }],
    ["1.8 outside of a pod", "", { KUBERNETES_MASTER: "https://master" }, {}],
  ])("%s KUBERNETES_MASTER is meant", async (_name, text, env, overrides) => {
    await put(text);
    expect((await load(env, overrides)).server.href).toBe("https://master/");
  });

  test.each<[string, string, Overrides, string]>([
    ["1.8 a mistake", FILE.replace("token:", "as-uid:"), {}, "CLIENT_CONFIG_INVALID"],
    ["1.8 a context that is not there", FILE, { context: "x" }, "CONTEXT_UNKNOWN"],
    ["1.8 text that is none", "x", {}, "KUBECONFIG_INVALID"],
  ])("%s is told, not passed over", async (_name, text, overrides, code) => {
    await put(text);
    expect((await failureOf(load(POD, overrides))).code).toBe(code);
  });

  test.each<[string, string, Record<string, string>, Overrides, string]>([
    ["1.8 of the flag", FILE, { ...POD, POD_NAMESPACE: "e" }, { namespace: "f" }, "f"],
    [
      "1.8 of the context",
      FILE.replace("user: u}", "user: u, namespace: c}"),
      { ...POD, POD_NAMESPACE: "e" },
      {},
      "c",
    ],
    [
      "1.8 of the context, though it is default",
      FILE.replace("user: u}", "user: u, namespace: default}"),
      { ...POD, POD_NAMESPACE: "e" },
      {},
      "default",
    ],
    ["1.8 of POD_NAMESPACE", FILE, { ...POD, POD_NAMESPACE: "e" }, {}, "e"],
    ["1.8 of the pod, also with a kubeconfig", FILE, POD, {}, "pod-namespace"],
    ["1.8 outside of a pod", FILE, { POD_NAMESPACE: "e" }, {}, "default"],
  ])("the namespace %s", async (_name, text, env, overrides, wanted) => {
    await put(text);
    expect((await load(env, overrides)).namespace).toBe(wanted);
  });

  test.each([
    ["1.8 is missing", undefined],
    ["1.8 is empty", " \n"],
  ])("a namespace file that %s", async (_name, content) => {
    await rm(join(directory, "account", "namespace"));
    if (content !== undefined) await writeFile(join(directory, "account", "namespace"), content);
    expect((await load()).namespace).toBe("default");
  });
});

describe("1.7 files of the selected entries", () => {
  const file = (user: string, cluster = ""): string =>
    FILE.replace("token: file-token", user).replace('"https://file"', `"https://file"${cluster}`);
  test.each([
    [
      "1.7 an authority",
      file("", ", certificate-authority: none"),
      "unable to read certificate-authority DIR/none for k due to open DIR/none: no such file or directory",
    ],
    [
      "1.7 a certificate and its key",
      file("client-certificate: none, client-key: config/x"),
      "[unable to read client-cert DIR/none for u due to open DIR/none: no such file or directory, unable to read client-key DIR/config/x for u due to open DIR/config/x: not a directory]",
    ],
  ])("%s", async (_name, text, wanted) => {
    await put(text);
    expect((await failureOf(load({}))).message).toBe(
      `invalid configuration: ${wanted.replaceAll("DIR", directory)}`,
    );
  });

  test.each([
    ["1.6 a token file", file("tokenFile: none"), "open DIR/none: no such file or directory"],
    ["1.6 a token file that is a directory", file("tokenFile: account"), "read DIR/account: is a directory"],
  ])("%s", async (_name, text, wanted) => {
    await put(text);
    expect((await failureOf(load({}))).message).toBe(wanted.replaceAll("DIR", directory));
  });

  test.each([
    [
      "1.7 a directory can be opened",
      file("client-certificate: account, client-key: account", ", certificate-authority: account"),
    ],
    ["1.6 a token file beside a token", file("token: t, tokenFile: none")],
    ["1.7 a key that nobody uses", file("client-key: none")],
  ])("%s", async (_name, text) => {
    await put(text);
    expect((await load({})).userName).toBe("u");
  });
});
