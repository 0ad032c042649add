import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { parseKubeconfig } from "./parse.ts";
import { selectContext } from "./select.ts";
import type { ClientConfig, Cluster, Overrides, User } from "./types.ts";

const FILE = `
current-context: one
clusters:
- {name: c1, cluster: {server: "https://c1", tls-server-name: n1, certificate-authority-data: Y2E=}}
- {name: c2, cluster: {server: "https://c2", insecure-skip-tls-verify: true}}
- {name: c3, cluster: {server: "https://c3", certificate-authority: /ca}}
users:
- {name: plain, user: {}}
- {name: data, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}}
- {name: files, user: {client-certificate: /c, client-key: /k}}
- {name: file, user: {tokenFile: /t}}
- {name: as, user: {as: a, as-uid: "1", as-groups: [g1, g2], as-user-extra: {k1: [v1], k2: [v2]}}}
contexts:
- {name: one, context: {cluster: c1, user: plain, namespace: apps}}
`;
const around = { cwd: "/cwd", env: {} };
const select = async (overrides: Overrides, env: Record<string, string> = {}): Promise<ClientConfig> =>
  selectContext(await parseKubeconfig(FILE), overrides, { ...around, env });
const failure = async (overrides: Overrides): Promise<KnownError> => {
  const error = await failureOf(select(overrides));
  expect(error.exit).toBe(2);
  return error;
};

const NO_AUTHORITY = { certificateAuthority: undefined, certificateAuthorityData: undefined };
const flag = new Secret("flag");

describe("1.5 flags over a cluster", () => {
  test.each<[string, Overrides, Partial<Cluster>]>([
    [
      "O1 --insecure-skip-tls-verify over data",
      { insecureSkipTlsVerify: true },
      { insecureSkipTlsVerify: true, ...NO_AUTHORITY },
    ],
    [
      "O1 --insecure-skip-tls-verify over a file",
      { cluster: "c3", insecureSkipTlsVerify: true },
      { insecureSkipTlsVerify: true, ...NO_AUTHORITY },
    ],
    [
      "O1 both flags, which is an error later",
      { insecureSkipTlsVerify: true, certificateAuthority: "/x" },
      { insecureSkipTlsVerify: true, certificateAuthority: "/x" },
    ],
    [
      "O2 --certificate-authority over data",
      { certificateAuthority: "ca" },
      { certificateAuthority: "/cwd/ca", certificateAuthorityData: undefined },
    ],
    [
      "O2 --certificate-authority over insecure",
      { cluster: "c2", certificateAuthority: "/ca" },
      { certificateAuthority: "/ca", insecureSkipTlsVerify: false },
    ],
    [
      "O3 --server drops tls-server-name",
      { server: "https://s" },
      { server: "https://s", tlsServerName: undefined },
    ],
    [
      "O3 --server with --tls-server-name",
      { server: "https://s", tlsServerName: "n" },
      { server: "https://s", tlsServerName: "n" },
    ],
    ["O3 --tls-server-name alone", { tlsServerName: "n" }, { server: "https://c1", tlsServerName: "n" }],
    [
      "1.5 a zero flag clears nothing",
      { insecureSkipTlsVerify: false, cluster: "c2", server: "", certificateAuthority: "" },
      { insecureSkipTlsVerify: true, server: "https://c2" },
    ],
    ["1.5 --disable-compression", { disableCompression: true }, { disableCompression: true }],
  ])("%s", async (_name, overrides, wanted) => {
    expect((await select(overrides)).cluster).toMatchObject(wanted);
  });

  test.each<[string, Overrides, Record<string, string>, string]>([
    ["1.5 the entry over KUBERNETES_MASTER", {}, { KUBERNETES_MASTER: "http://m" }, "https://c1/"],
    ["1.5 the flag over both", { server: "https://f" }, { KUBERNETES_MASTER: "http://m" }, "https://f/"],
  ])("%s", async (_name, overrides, env, wanted) => {
    expect((await select(overrides, env)).server.href).toBe(wanted);
  });

  test("1.5 KUBERNETES_MASTER where no entry has a server", async () => {
    const empty = await parseKubeconfig("");
    const { server } = selectContext(empty, {}, { ...around, env: { KUBERNETES_MASTER: "http://m" } });
    expect(server.href).toBe("http://m/");
  });
});

describe("1.5 flags over a user", () => {
  const CERTIFICATE = { clientCertificate: "/cwd/c", clientCertificateData: undefined };
  const KEY = { clientKey: "/k2", clientKeyData: undefined };
  test.each<[string, Overrides, Partial<User>]>([
    [
      "O4 --client-certificate and --client-key over data",
      { user: "data", clientCertificate: "c", clientKey: "/k2" },
      { ...CERTIFICATE, ...KEY },
    ],
    [
      "O4 the same over files",
      { user: "files", clientCertificate: "c", clientKey: "/k2" },
      { ...CERTIFICATE, ...KEY },
    ],
    ["O4 one of the two", { user: "data", clientCertificate: "c" }, { ...CERTIFICATE, clientKey: undefined }],
    ["O7 --token over tokenFile: both stay", { user: "file", token: flag }, { token: flag, tokenFile: "/t" }],
    [
      "O7 a token file of a program's",
      { user: "file", tokenFile: "t2" },
      { token: undefined, tokenFile: "/cwd/t2" },
    ],
    [
      "O8 --token over a certificate: both stay",
      { user: "data", token: flag },
      { token: flag, clientCertificateData: "cert" },
    ],
    [
      "1.5 --username and --password",
      { username: "bob", password: flag },
      { username: "bob", password: flag },
    ],
    [
      "1.5 a zero flag clears nothing",
      { user: "files", username: "", clientKey: "", clientCertificate: "" },
      { username: undefined, clientKey: "/k" },
    ],
  ])("%s", async (_name, overrides, wanted) => {
    expect((await select(overrides)).user).toMatchObject(wanted);
  });

  test.each<[string, Overrides, User["impersonate"]]>([
    ["O5 nothing", {}, { user: undefined, uid: undefined, groups: [], extra: new Map() }],
    ["O5 --as alone", { as: "x" }, { user: "x", uid: undefined, groups: [], extra: new Map() }],
    [
      "O5 the file's",
      { user: "as" },
      {
        user: "a",
        uid: "1",
        groups: ["g1", "g2"],
        extra: new Map([
          ["k1", ["v1"]],
          ["k2", ["v2"]],
        ]),
      },
    ],
    [
      "O5 --as-user-extra merges by key",
      { user: "as", asUserExtra: ["k2=x", "k3=y", "k2=z"] },
      {
        user: "a",
        uid: "1",
        groups: ["g1", "g2"],
        extra: new Map([
          ["k1", ["v1"]],
          ["k2", ["x", "z"]],
          ["k3", ["y"]],
        ]),
      },
    ],
    [
      "O5 an extra without = is left out, one without a value is empty",
      { as: "x", asUserExtra: ["k", "l=", "m=a=b"] },
      {
        user: "x",
        uid: undefined,
        groups: [],
        extra: new Map([
          ["l", [""]],
          ["m", ["a=b"]],
        ]),
      },
    ],
    [
      "O6 --as-group replaces all",
      { user: "as", asGroups: ["g3"] },
      {
        user: "a",
        uid: "1",
        groups: ["g3"],
        extra: new Map([
          ["k1", ["v1"]],
          ["k2", ["v2"]],
        ]),
      },
    ],
    [
      "O6 no --as-group replaces nothing",
      { user: "as", asGroups: [] },
      {
        user: "a",
        uid: "1",
        groups: ["g1", "g2"],
        extra: new Map([
          ["k1", ["v1"]],
          ["k2", ["v2"]],
        ]),
      },
    ],
    [
      "O6 --as and --as-uid",
      { user: "as", as: "x", asUid: "2" },
      {
        user: "x",
        uid: "2",
        groups: ["g1", "g2"],
        extra: new Map([
          ["k1", ["v1"]],
          ["k2", ["v2"]],
        ]),
      },
    ],
  ])("%s", async (_name, overrides, wanted) => {
    const config = await select(overrides);
    expect(config.impersonate).toEqual(wanted);
    expect(config.user.impersonate).toEqual(wanted);
  });

  test("O6 over plain http too", async () => {
    expect((await select({ server: "http://s", as: "x" })).impersonate.user).toBe("x");
  });
});

describe("1.5 names and the rest", () => {
  test.each<[string, Overrides, string, RegExp]>([
    ["O9 --context", { context: "x" }, 'context "x" does not exist', /^Contexts: one\b/],
    ["O9 --cluster", { cluster: "x" }, 'cluster "x" does not exist', /^Clusters: c1\b/],
    ["O9 --user", { user: "x" }, 'auth info "x" does not exist', /^Users: plain\b/],
  ])("%s", async (_name, overrides, message, hint) => {
    const error = await failure(overrides);
    expect([error.code, error.message]).toEqual(["CONTEXT_UNKNOWN", message]);
    expect(error.hint).toMatch(hint);
  });

  test("O9 empty names are none", async () => {
    const { contextName, clusterName, userName } = await select({ context: "", cluster: "", user: "" });
    expect([contextName, clusterName, userName]).toEqual(["one", "c1", "plain"]);
  });

  test.each<[string, string | undefined, number | undefined]>([
    ["O10 none", undefined, undefined],
    ["O10 empty, as kubectl has it", "", undefined],
    ["O10 0", "0", undefined],
    ["O10 0s", "0s", undefined],
    ["O10 a number of seconds", "5", 5000],
    ["O10 a duration", "1m30s", 90_000],
    ["O10 a fraction with its unit", "1.5h", 5_400_000],
    ["O10 less than a second", "300ms", 300],
  ])("%s", async (_name, text, wanted) => {
    const overrides = text === undefined ? {} : { requestTimeout: text };
    expect((await select(overrides)).requestTimeout).toBe(wanted);
  });

  test.each(["abc", "-1", "-1s", "1.5", "1d", "99999999999999999999", "9999999999999h"])(
    "O10 %j is no timeout",
    async (text) => {
      const error = await failure({ requestTimeout: text });
      expect([error.code, error.message]).toEqual([
        "CLIENT_CONFIG_INVALID",
        "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
      ]);
    },
  );

  test.each([
    ["O11 a name", "x", "x"],
    ["O11 ns/", "ns/x", "x"],
    ["O11 namespace/", "Namespace/x", "x"],
    ["O11 namespaces/", "NAMESPACES/x", "x"],
    ["O11 once only", "ns/ns/x", "ns/x"],
    ["O11 nothing follows", "ns/", "ns/"],
    ["O11 another kind", "pods/x", "pods/x"],
    ["O11 none", "", "apps"],
  ])("%s", async (_name, text, wanted) => {
    expect((await select({ namespace: text })).namespace).toBe(wanted);
  });

  test.each([
    ["O12 query and fragment go, the path stays", "https://h/p?x#y", "https://h/p"],
    ["O12 without a path", "https://h?x#y", "https://h/"],
    ["O12 two slashes", "http://h:8080//", "http://h:8080//"],
    ["O12 a prefix", "https://h/k8s/clusters/c-1", "https://h/k8s/clusters/c-1"],
    ["O12 capitals", "HTTPS://H/P", "https://h/P"],
    ["1.6 host and port are plain http", "h:8080", "http://h:8080/"],
    ["1.6 a host alone", "h", "http://h/"],
    ["1.6 host and port, where TLS seems to be meant", "h:6443", "http://h:6443/"],
    ["a user in it is not for us", "https://u:p@h/", "https://h/"],
  ])("%s", async (_name, server, wanted) => {
    expect((await select({ server, insecureSkipTlsVerify: true })).server.href).toBe(wanted);
  });

  test.each([
    ["ftp://h", 'unsupported protocol scheme "ftp"'],
    ["https://", 'host must be a URL or a host:port pair: "https://"'],
    ["://", 'host must be a URL or a host:port pair: "://"'],
    ["h h", 'host must be a URL or a host:port pair: "h h"'],
    ["h:1/p", 'host must be a URL or a host:port pair: "h:1/p"'],
    ["/p", 'host must be a URL or a host:port pair: "/p"'],
    ["https://u:hunter2@h h", 'host must be a URL or a host:port pair: "https://h h"'],
  ])("O12 %s is refused", async (server, message) => {
    const error = await failure({ server });
    expect([error.code, error.message]).toEqual(["CLIENT_CONFIG_INVALID", message]);
  });
});
