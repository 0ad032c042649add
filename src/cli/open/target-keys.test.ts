import { describe, expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import { selectContext, type ClientConfig, type Kubeconfig, type User } from "../../kubeconfig/index.ts";
import { EMPTY_CLUSTER, EMPTY_USER } from "../../kubeconfig/select.ts";
import { parseTarget } from "../../route/index.ts";
import type { OpenSettings } from "./settings.ts";
import { targetKeys, wantsOwn } from "./target-keys.ts";

const SETTINGS: OpenSettings = {
  targets: ["svc/ui"],
  list: false,
  addresses: [],
  openBrowser: true,
  origin: "name",
  carrier: "auto",
  anonymous: false,
  serviceAccount: undefined,
  leg: "pod",
  readOnly: false,
  headers: [],
  sendBroadToken: false,
  confirm: false,
  preserveOrigin: false,
  upstreamCa: undefined,
  apiTokenFile: undefined,
  noSession: false,
  output: "text",
  printLink: false,
  plugins: {},
};
const settings = (over: Partial<OpenSettings> = {}): OpenSettings => ({ ...SETTINGS, ...over });

const config = (user: Partial<User> = {}, origin = "/a", namespace = "apps"): ClientConfig => {
  const entry = <T>(value: T) => ({ value, origin, originFacts: { uid: 1, mode: 0o600 } });
  const kubeconfig: Kubeconfig = {
    currentContext: "x",
    clusters: new Map([["c", entry({ ...EMPTY_CLUSTER, server: "https://one.test" })]]),
    users: new Map([["u", entry({ ...EMPTY_USER, token: new Secret("t"), ...user })]]),
    contexts: new Map([["x", entry({ cluster: "c", user: "u", namespace })]]),
    sources: [],
  };
  return selectContext(kubeconfig);
};

const keyOf = (of: { config?: ClientConfig; target?: string; settings?: OpenSettings }): string =>
  targetKeys(
    [{ config: of.config ?? config(), reference: parseTarget(of.target ?? "svc/ui") }],
    of.settings ?? settings(),
  )[0] ?? "";

describe("D.5: the same target is known by a hash", () => {
  const same = keyOf({});

  test("of the same words, and however the pages are shown", () => {
    expect(same).toMatch(/^[0-9a-f]{64}$/);
    for (const over of [
      { openBrowser: false },
      { output: "json" },
      { printLink: true },
      { addresses: ["127.0.0.1:1"] },
    ] as const)
      expect(keyOf({ settings: settings(over) })).toBe(same);
    expect(keyOf({ target: "ui" })).toBe(same);
    expect(keyOf({ target: "http://ui.apps.svc/", config: config({}, "/a", "other") })).toBe(same);
    expect(keyOf({ target: "http://ui.apps.svc" })).not.toBe(keyOf({ target: "http://ui.apps.svc/path" }));
  });

  test.each<[string, Parameters<typeof keyOf>[0]]>([
    ["another Service", { target: "svc/other" }],
    [
      "a ServiceAccount in the pod",
      { settings: settings({ serviceAccount: { namespace: "apps", name: "viewer" } }) },
    ],
    ["another port", { target: "svc/ui:80" }],
    ["another namespace", { config: config({}, "/a", "other") }],
    ["another token", { config: config({ token: new Secret("other") }) }],
    ["another kubeconfig with the same names", { config: config({}, "/b") }],
    [
      "another account of a provider",
      {
        config: config({ authProvider: { name: "oidc", config: new Map([["client-id", "b"]]) } }),
      },
    ],
    [
      "impersonation",
      {
        config: config({ impersonate: { user: "bob", uid: undefined, groups: [], extra: new Map() } }),
      },
    ],
    [
      "a plugin",
      {
        config: config({
          exec: {
            command: "x",
            args: ["a"],
            env: [],
            apiVersion: "v1",
            installHint: undefined,
            provideClusterInfo: false,
            interactiveMode: "Never",
          },
        }),
      },
    ],
    ["--leg direct", { settings: settings({ leg: "direct" }) }],
    ["--read-only", { settings: settings({ readOnly: true }) }],
    ["--anonymous", { settings: settings({ anonymous: true }) }],
    ["--no-session", { settings: settings({ noSession: true }) }],
    ["a setting that is not invented yet", { settings: settings({ later: 1 } as never) }],
  ])("of %s it is another one", (_name, of) => expect(keyOf(of)).not.toBe(same));

  test("of another configuration of the UIs it is another one", () => {
    const wishes = [{ config: config(), reference: parseTarget("svc/ui") }];
    const keysWith = (image: RegExp) =>
      targetKeys(wishes, settings(), [{ id: "mine", find: { image } as never }]);
    expect(keysWith(/a/)).not.toEqual([same]);
    expect(keysWith(/a/)).not.toEqual(keysWith(/b/));
    expect(keysWith(/a/)).toEqual(keysWith(/a/));
  });

  test("of another person of a cloud it is another one, where a plugin asks there", () => {
    const plugin = {
      command: "aws",
      args: [],
      env: [],
      apiVersion: "v1",
      installHint: undefined,
      provideClusterInfo: false,
      interactiveMode: "Never",
    } as const;
    const reference = parseTarget("svc/ui");
    const keysOf = (env: Readonly<Record<string, string>>, user: Partial<User> = { exec: plugin }) =>
      targetKeys([{ config: config(user), reference }], settings(), [], env);
    const admin = keysOf({ AWS_PROFILE: "admin", TERM: "a" });
    expect(keysOf({ AWS_PROFILE: "admin", TERM: "b" })).toEqual(admin);
    expect(keysOf({ AWS_PROFILE: "viewer" })).not.toEqual(admin);
    expect(keysOf({})).not.toEqual(admin);
    expect(keysOf({ AWS_PROFILE: "admin" }, {})).toEqual(keysOf({}, {}));
  });

  test("what a provider renews by itself changes nothing", () => {
    const provider = (config: ReadonlyMap<string, string>) => ({ authProvider: { name: "oidc", config } });
    expect(
      keyOf({
        config: config(
          provider(
            new Map([
              ["client-id", "a"],
              ["id-token", "1"],
            ]),
          ),
        ),
      }),
    ).toBe(
      keyOf({
        config: config(
          provider(
            new Map([
              ["client-id", "a"],
              ["id-token", "2"],
            ]),
          ),
        ),
      }),
    );
  });
});

test.each([
  [{}, false],
  [{ apiTokenFile: "x" }, true],
  [{ confirm: true }, true],
])("with %j a kauth of one's own: %s", (over, own) => expect(wantsOwn(settings(over))).toBe(own));
