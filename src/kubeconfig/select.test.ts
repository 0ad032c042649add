import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { parseKubeconfig } from "./parse.ts";
import { selectContext } from "./select.ts";
import type { ClientConfig, Overrides } from "./types.ts";

const FILE = `
current-context: one
clusters:
- {name: c1, cluster: {server: "https://c1", tls-server-name: n1, certificate-authority-data: Y2E=}}
- {name: c2, cluster: {server: "https://c2:6443/prefix/", insecure-skip-tls-verify: true}}
- {name: without, cluster: {tls-server-name: x}}
users:
- {name: u1, user: {token: t1}}
- {name: u2, user: {username: alice, password: p}}
- {name: cert, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}}
- {name: as, user: {token: t, as: root}}
- {name: uid, user: {token: t, as-uid: "7"}}
- {name: groups, user: {token: t, as-groups: [admins]}}
- {name: extra, user: {token: t, as-user-extra: {a: [b]}}}
- {name: oidc, user: {auth-provider: {name: oidc, config: {a: b}}}}
- {name: bad, user: {token: t, username: u, exec: {command: ""}}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: apps}}
- {name: two, context: {cluster: c2, user: u2}}
- {name: ghost, context: {cluster: c1, user: nobody}}
- {name: bare, context: {cluster: without, user: u1}}
`;
const around = { cwd: "/cwd", env: {} };
const select = async (overrides: Overrides = {}, text = FILE): Promise<ClientConfig> =>
  selectContext(await parseKubeconfig(text, { path: "/etc/config" }), overrides, around);
const failure = async (overrides: Overrides, text = FILE): Promise<KnownError> => {
  const error = await failureOf(select(overrides, text));
  expect(error.exit).toBe(2);
  return error;
};

describe("what is selected", () => {
  test.each<[string, Overrides, readonly unknown[]]>([
    ["the current context", {}, ["one", "c1", "u1", "apps", "https://c1/"]],
    ["--context", { context: "two" }, ["two", "c2", "u2", "default", "https://c2:6443/prefix/"]],
    ["--cluster", { cluster: "c2" }, ["one", "c2", "u1", "apps", "https://c2:6443/prefix/"]],
    ["--user", { user: "u2" }, ["one", "c1", "u2", "apps", "https://c1/"]],
    ["--namespace over the context's", { namespace: "x" }, ["one", "c1", "u1", "x", "https://c1/"]],
    [
      "a user of the context that is missing",
      { context: "ghost" },
      ["ghost", "c1", "nobody", "default", "https://c1/"],
    ],
    ["--server", { server: "https://s:1/p/?q#f" }, ["one", "c1", "u1", "apps", "https://s:1/p/"]],
  ])("%s", async (_name, overrides, wanted) => {
    const got = await select(overrides);
    expect([got.contextName, got.clusterName, got.userName, got.namespace, got.server.href]).toEqual(wanted);
  });

  test("the file that the user came from is remembered", async () => {
    expect((await select()).userOrigin).toBe("/etc/config");
    expect((await select({ context: "ghost" })).userOrigin).toBeUndefined();
  });

  test("an unknown current-context", async () => {
    const error = await failure({}, "current-context: x");
    expect(error.message).toBe("invalid configuration: context was not found for specified context: x");
  });

  test("nothing configured", async () => {
    const error = await failure({}, "");
    expect(error.code).toBe("KUBECONFIG_EMPTY");
    expect(error.hint).toContain("/etc/config");
  });

  test("contexts, and none is chosen", async () => {
    const { message, hint } = await failure({}, "contexts: [{ name: alice, context: { cluster: c } }]");
    expect(message).toContain("no configuration has been provided");
    expect(hint).toBe("/etc/config chooses no context; it has: alice. Choose one with --context");
  });

  test("a cluster without a server", async () => {
    const { message } = await failure({ context: "bare" });
    expect(message).toBe('invalid configuration: no server found for cluster "without"');
  });
});

describe("refusals", () => {
  test.each<[string, Overrides]>([
    ["as-uid", { user: "uid" }],
    ["as-groups", { user: "groups" }],
    ["as-user-extra", { user: "extra" }],
    ["--as-uid", { asUid: "7" }],
    ["--as-group", { asGroups: ["admins"] }],
    ["--as-user-extra", { asUserExtra: ["a=b"] }],
  ])("1.7 %s without a user to act as", async (_name, overrides) => {
    const { code, message } = await failure(overrides);
    const name = overrides.user ?? "u1";
    expect([code, message]).toEqual([
      "CLIENT_CONFIG_INVALID",
      `invalid configuration: requesting uid, groups or user-extra for ${name} without impersonating a user`,
    ]);
  });

  test("an auth provider is taken as it stands", async () => {
    expect((await select({ user: "oidc" })).user.authProvider).toEqual({
      name: "oidc",
      config: new Map([["a", "b"]]),
    });
  });

  test("mistakes count in the selected entries only", async () => {
    expect((await select()).userName).toBe("u1");
    const { code, message } = await failure({ user: "bad" });
    expect(code).toBe("CLIENT_CONFIG_INVALID");
    expect(message).toBe(
      "invalid configuration: [" +
        "command must be specified for bad to use exec authentication plugin, " +
        "apiVersion must be specified for bad to use exec authentication plugin, " +
        "interactiveMode must be specified for bad to use exec authentication plugin, " +
        "more than one authentication method found for bad; found [token basicAuth], only one is allowed]",
    );
  });
});

describe("the server's address", () => {
  const plain = "clusters: [{name: c, cluster: {tls-server-name: name}}]";
  test("whatever it is, there is a URL of http or a coded error", async () => {
    const kubeconfig = await parseKubeconfig(plain);
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (server) => {
        try {
          const url = selectContext(kubeconfig, { cluster: "c", server }).server;
          expect([url.search, url.hash, url.username, /^https?:$/.test(url.protocol)]).toEqual([
            "",
            "",
            "",
            true,
          ]);
        } catch (error) {
          if (!(error instanceof KnownError)) throw error;
        }
      }),
    );
  });
});
