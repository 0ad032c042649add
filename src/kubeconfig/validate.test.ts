import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { KnownError } from "../base/errors.ts";
import { parseKubeconfig } from "./parse.ts";
import { judgeSelection, selectEntries } from "./select.ts";
import type { ClientConfig, Kubeconfig, Overrides } from "./types.ts";
import { kubeconfigFaults, usableFaults } from "./validate-file.ts";
import type { Unreadable } from "./validate.ts";

const MISSING = "open /missing: no such file or directory";
const unreadable: Unreadable = (path) => (path === "/missing" ? MISSING : undefined);

/** One context with one cluster X and one user X, from the fields of their entries. */
const select = async (
  user: string,
  cluster = 'server: "https://s"',
  overrides: Overrides = {},
): Promise<ClientConfig> => {
  const kubeconfig = await parseKubeconfig(
    `current-context: c\nclusters: [{name: X, cluster: {${cluster}}}]\nusers: [{name: X, user: {${user}}}]\ncontexts: [{name: c, context: {cluster: X, user: X}}]`,
    { path: "/etc/config" },
  );
  return judgeSelection(selectEntries(kubeconfig, overrides, { cwd: "/", env: {} }), unreadable);
};
const failure = async (work: Promise<unknown>): Promise<KnownError> => {
  const error = await failureOf(work);
  expect(error.exit).toBe(2);
  return error;
};

describe("1.7 a selected user", () => {
  const exec = "command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never";
  const rows: readonly (readonly [string, string, string])[] = [
    [
      "1.7 certificate twice",
      "client-certificate: /c, client-certificate-data: Yw==, client-key: /k",
      "client-cert-data and client-cert are both specified for X. client-cert-data will override.",
    ],
    [
      "1.7 key twice",
      "client-certificate: /c, client-key-data: aw==, client-key: /k",
      "client-key-data and client-key are both specified for X; client-key-data will override",
    ],
    [
      "1.7 certificate without a key",
      "client-certificate-data: Yw==",
      "client-key-data or client-key must be specified for X to use the clientCert authentication method.",
    ],
    [
      "1.7 certificate that cannot be read",
      "client-certificate: /missing, client-key: /k",
      `unable to read client-cert /missing for X due to ${MISSING}`,
    ],
    [
      "1.7 key that cannot be read",
      "client-certificate: /c, client-key: /missing",
      `unable to read client-key /missing for X due to ${MISSING}`,
    ],
    [
      "1.7 token and basic",
      "token: t, username: u",
      "more than one authentication method found for X; found [token basicAuth], only one is allowed",
    ],
    [
      "1.7 token and a password alone",
      "token: t, password: p",
      "more than one authentication method found for X; found [token basicAuth], only one is allowed",
    ],
    [
      "1.7 plugin and provider",
      `exec: {${exec}}, auth-provider: {name: oidc}`,
      "authProvider cannot be provided in combination with an exec plugin for X",
    ],
    [
      "1.7 plugin without a command",
      `exec: {${exec.replace("command: x", "args: [a]")}}`,
      "command must be specified for X to use exec authentication plugin",
    ],
    [
      "1.7 plugin without a version",
      `exec: {${exec.replace("client.authentication.k8s.io/v1", '""')}}`,
      "apiVersion must be specified for X to use exec authentication plugin",
    ],
    [
      "1.7 variables without a name",
      `exec: {${exec}, env: [{value: v}, {}]}`,
      "env variable name must be specified for X to use exec authentication plugin",
    ],
    [
      "1.7 v1 without a mode",
      `exec: {${exec.replace("Never", '""')}}`,
      "interactiveMode must be specified for X to use exec authentication plugin",
    ],
    [
      "1.7 an unknown mode",
      `exec: {${exec.replace("Never", "Often")}}`,
      'invalid interactiveMode for X: "Often"',
    ],
    [
      "1.7 a uid of nobody",
      'as-uid: "1"',
      "requesting uid, groups or user-extra for X without impersonating a user",
    ],
    [
      "1.7 groups of nobody",
      "as-groups: [g]",
      "requesting uid, groups or user-extra for X without impersonating a user",
    ],
    [
      "1.7 extras of nobody",
      "as-user-extra: {a: [b]}",
      "requesting uid, groups or user-extra for X without impersonating a user",
    ],
  ];
  test.each(rows)("%s", async (_name, user, wanted) => {
    const error = await failure(select(user));
    expect([error.code, error.message]).toEqual([
      "CLIENT_CONFIG_INVALID",
      `invalid configuration: ${wanted}`,
    ]);
  });

  test.each([
    ["1.7 a key without a certificate", "client-key: /missing"],
    [
      "1.7 token, certificate, plugin and provider are no methods beside each other",
      "token: t, client-certificate: /c, client-key: /k, auth-provider: {name: x}",
    ],
    ["1.7 token file and token", "token: t, tokenFile: /missing"],
    ["1.7 v1beta1 without a mode", `exec: {${exec.replace("v1,", "v1beta1,").replace("Never", '""')}}`],
    ["1.7 v1alpha1 without a mode", `exec: {${exec.replace("v1,", "v1alpha1,").replace("Never", '""')}}`],
  ])("%s is fine", async (_name, user) => {
    expect((await select(user)).userName).toBe("X");
  });

  test("1.7 all that is wrong, in client-go's order, the user first", async () => {
    const user = `token: t, username: u, as-uid: "1", exec: {command: ""}, client-certificate: /missing, client-certificate-data: Yw==, client-key: /missing, client-key-data: aw==`;
    const { message } = await failure(
      select(
        user,
        'server: "https://s", certificate-authority: /missing, certificate-authority-data: Yw==, proxy-url: x',
      ),
    );
    expect(message).toBe(
      `invalid configuration: [${[
        "client-cert-data and client-cert are both specified for X. client-cert-data will override.",
        "client-key-data and client-key are both specified for X; client-key-data will override",
        `unable to read client-cert /missing for X due to ${MISSING}`,
        `unable to read client-key /missing for X due to ${MISSING}`,
        "command must be specified for X to use exec authentication plugin",
        "apiVersion must be specified for X to use exec authentication plugin",
        "interactiveMode must be specified for X to use exec authentication plugin",
        "more than one authentication method found for X; found [token basicAuth], only one is allowed",
        "requesting uid, groups or user-extra for X without impersonating a user",
        `invalid 'proxy-url' "x" for cluster "X": unsupported scheme "", must be http, https, or socks5`,
        "certificate-authority-data and certificate-authority are both specified for X. certificate-authority-data will override.",
        `unable to read certificate-authority /missing for X due to ${MISSING}`,
      ].join(", ")}]`,
    );
  });
});

describe("1.7 a selected cluster", () => {
  test("1.7 nothing configured", async () => {
    const error = await failure(select("", ""));
    expect([error.code, error.message]).toEqual([
      "KUBECONFIG_EMPTY",
      "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    ]);
    expect(error.hint).toBe(
      'The context "c" of /etc/config names the cluster "X", of which nothing is known',
    );
  });

  test("1.7 an entirely empty cluster beside another mistake", async () => {
    expect((await failure(select("as-groups: [g]", ""))).message).toBe(
      "invalid configuration: [requesting uid, groups or user-extra for X without impersonating a user, cluster has no server defined]",
    );
  });

  test.each<readonly [string, string, string]>([
    ["1.7 no server", "tls-server-name: name", 'no server found for cluster "X"'],
    [
      "1.7 authority twice",
      'server: "https://s", certificate-authority: /c, certificate-authority-data: Yw==',
      "certificate-authority-data and certificate-authority are both specified for X. certificate-authority-data will override.",
    ],
    [
      "1.7 authority that cannot be read",
      'server: "https://s", certificate-authority: /missing',
      `unable to read certificate-authority /missing for X due to ${MISSING}`,
    ],
    ...[
      ["socks6://x", 'unsupported scheme "socks6", must be http, https, or socks5'],
      ["socks5h://x", 'unsupported scheme "socks5h", must be http, https, or socks5'],
      ["example.com", 'unsupported scheme "", must be http, https, or socks5'],
      ["chewbacca@example.com", 'unsupported scheme "", must be http, https, or socks5'],
      ["//x", 'unsupported scheme "", must be http, https, or socks5'],
      ["http://[::1", "could not parse: http://[::1"],
      [":x", "could not parse: :x"],
      ["http://a b", "could not parse: http://a b"],
      ["http://%zz", "could not parse: http://%zz"],
    ].map(
      ([url = "", why = ""]) =>
        [
          `1.7 proxy-url ${url}`,
          `server: "https://s", proxy-url: "${url}"`,
          `invalid 'proxy-url' "${url}" for cluster "X": ${why}`,
        ] as const,
    ),
  ])("%s", async (_name, cluster, wanted) => {
    const error = await failure(select("", cluster));
    expect([error.code, error.message]).toEqual([
      "CLIENT_CONFIG_INVALID",
      `invalid configuration: ${wanted}`,
    ]);
  });

  test.each(["http://p", "HTTP://p:1", "https://u:p@p", "socks5://p"])(
    "1.7 proxy-url %s is fine",
    async (url) => {
      expect((await select("", `server: "https://s", proxy-url: "${url}"`)).cluster.proxyUrl).toBe(url);
    },
  );

  test.each(["ftp://u:hunter2@h", "http://u:hunter2@h h", "u:hunter2@h"])(
    "no message quotes the password of proxy-url %s",
    async (url) => {
      const { message } = await failure(select("", `server: "https://s", proxy-url: "${url}"`));
      expect(message).toContain("invalid 'proxy-url'");
      expect(message).not.toContain("hunter2");
    },
  );

  test("1.7 no server and no name", async () => {
    const empty = await parseKubeconfig("");
    const error = await failure(
      (async () =>
        judgeSelection(selectEntries(empty, { tlsServerName: "n" }, { cwd: "/", env: {} }), unreadable))(),
    );
    expect(error.message).toBe("invalid configuration: default cluster has no server defined");
  });
});

describe("1.6 what goes wrong when headers are made", () => {
  test.each([
    ["1.6 a token file alone that cannot be read", "tokenFile: /missing", MISSING],
    [
      "1.6 a token file and basic",
      "tokenFile: /t, username: u",
      "username/password or bearer token may be set, but not both",
    ],
  ])("%s", async (_name, user, wanted) => {
    const error = await failure(select(user));
    expect([error.code, error.message]).toEqual(["CLIENT_CONFIG_INVALID", wanted]);
    expect((await select(user, 'server: "http://s"')).server.protocol).toBe("http:");
    expect((await select(user, "server: s:1")).server.protocol).toBe("http:");
  });
});

describe("1.7 whole files", () => {
  const of = async (text: string): Promise<Kubeconfig> => await parseKubeconfig(text);
  const GOOD = 'clusters: [{name: K, cluster: {server: "https://s"}}]\nusers: [{name: U, user: {}}]\n';
  const rows: readonly (readonly [string, string, string])[] = [
    [
      "1.7 nothing",
      "",
      "no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    ],
    [
      "1.7 current-context of nothing",
      `${GOOD}current-context: C`,
      "context was not found for specified context: C",
    ],
    [
      "1.7 a context without a name",
      `${GOOD}contexts: [{context: {cluster: K, user: U}}]`,
      'empty context name for cluster "K" and user "U" is not allowed',
    ],
    [
      "1.7 a context without a user",
      `${GOOD}contexts: [{name: C, context: {cluster: K}}]`,
      'user was not specified for context "C"',
    ],
    [
      "1.7 a context of a user that is not there",
      `${GOOD}contexts: [{name: C, context: {cluster: K, user: V}}]`,
      'user "V" was not found for context "C"',
    ],
    [
      "1.7 a context without a cluster",
      `${GOOD}contexts: [{name: C, context: {user: U}}]`,
      'cluster was not specified for context "C"',
    ],
    [
      "1.7 a context of a cluster that is not there",
      `${GOOD}contexts: [{name: C, context: {cluster: L, user: U}}]`,
      'cluster "L" was not found for context "C"',
    ],
    [
      "1.7 a namespace that is none",
      `${GOOD}contexts: [{name: C, context: {cluster: K, user: U, namespace: N_1}}]`,
      'namespace "N_1" for context "C" does not conform to the kubernetes DNS_LABEL rules',
    ],
    [
      "1.7 an entry that nobody selects",
      GOOD.replace("user: {}", "user: {as-groups: [g]}"),
      "requesting uid, groups or user-extra for U without impersonating a user",
    ],
  ];
  test.each(rows)("%s", async (_name, text, wanted) => {
    expect(kubeconfigFaults(await of(text))).toEqual([wanted]);
  });

  test("1.7 a file without a mistake", async () => {
    const good = await of(
      `${GOOD}contexts: [{name: C, context: {cluster: K, user: U, namespace: n-1}}]\ncurrent-context: C`,
    );
    expect([kubeconfigFaults(good), usableFaults(good), usableFaults(good, "C")]).toEqual([[], [], []]);
  });

  test.each<[string, string | undefined, readonly string[]]>([
    ["1.7 no context chosen", undefined, ["no context chosen"]],
    ["1.7 a context that is not there", "D", ["context was not found for specified context: D"]],
    [
      "1.7 one with mistakes",
      "C",
      [
        'user "V" was not found for context "C"',
        'cluster was not specified for context "C"',
        "cluster has no server defined",
      ],
    ],
  ])("%s", async (_name, name, wanted) => {
    expect(usableFaults(await of("contexts: [{name: C, context: {user: V}}]"), name)).toEqual(wanted);
  });
});
