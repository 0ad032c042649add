import { describe, expect, test } from "vitest";
import { sent, type Answer } from "../../../test/auth-provider-scene.ts";
import {
  ACQUIRING,
  azure,
  IDS,
  isDevice,
  isRefresh,
  NOW,
  someone,
  stored,
  token,
  WAITING,
  type Azure,
} from "../../../test/azure-scene.ts";
import { failureOf } from "../../../test/failure.ts";
import { azureCloud, azureEndpoints } from "./azure-cloud.ts";

describe("what the kubeconfig has to say", () => {
  const creating = "creating a new azure token source for device code authentication: ";
  test.each([
    ["no client", { "client-id": "" }, `${creating}client-id is empty`],
    ["no tenant", { "tenant-id": "" }, `${creating}tenant-id is empty`],
    ["no server", { "apiserver-id": "" }, `${creating}apiserver-id is empty`],
    ["mode 2", { "config-mode": "2" }, "config-mode:2 is not a valid mode"],
    ["mode -1", { "config-mode": "-1" }, "config-mode:-1 is not a valid mode"],
    [
      "a word for the mode",
      { "config-mode": "foo" },
      'failed to parse config-mode, error: strconv.Atoi: parsing "foo": invalid syntax',
    ],
  ])("%s", async (_name, change, wanted) => {
    await using who = await someone({ ...IDS, ...change });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["CLIENT_CONFIG_INVALID", wanted]);
  });
});

describe("clouds", () => {
  test.each([
    ["", "AzurePublicCloud", "login.microsoftonline.com"],
    ["AzureCloud", "AzurePublicCloud", "login.microsoftonline.com"],
    ["AzurePublicCloud", "AzurePublicCloud", "login.microsoftonline.com"],
    ["azurepubliccloud", "AzurePublicCloud", "login.microsoftonline.com"],
    ["AzureUSGovernment", "AzureUSGovernmentCloud", "login.microsoftonline.us"],
    ["AzureUSGovernmentCloud", "AzureUSGovernmentCloud", "login.microsoftonline.us"],
    ["AZURECHINACLOUD", "AzureChinaCloud", "login.chinacloudapi.cn"],
    ["AzureGermanCloud", "AzureGermanCloud", "login.microsoftonline.de"],
    ["unheard-of", "AzurePublicCloud", "login.microsoftonline.com"],
  ])("%j is %s, signed in at %s", async (environment, name, host) => {
    await using cloud = await azure({});
    await using who = await someone({ ...IDS, environment }, cloud);
    await (await who.source()).get();
    expect(new Set(cloud.proxied)).toEqual(new Set([`${host}:443`]));
    expect((await who.stored())["environment"]).toBe(name);
  });

  test("a tenant cannot lead elsewhere", () => {
    const { token } = azureEndpoints(azureCloud(""), "../@evil.example/x?y#z", 0);
    expect(token.href).toBe(
      "https://login.microsoftonline.com/..%2F%40evil.example%2Fx%3Fy%23z/oauth2/token?api-version=1.0",
    );
  });
});

describe.each([
  ["0", "", "?api-version=1.0"],
  ["0", "0", "?api-version=1.0"],
  ["1", "1", ""],
])("mode %s, written %j", (mode, written, query) => {
  const config = (rest: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    written === "" ? rest : { ...rest, "config-mode": written };
  const full = (name: string): Readonly<Record<string, string>> => ({
    ...IDS,
    environment: "AzurePublicCloud",
    "access-token": `canary-${name}`,
    "refresh-token": `canary-r-${name}`,
    "expires-in": "3600",
    "expires-on": String(NOW + 3600),
    "config-mode": mode,
  });

  interface Scenario {
    readonly name: string;
    readonly config: Readonly<Record<string, string>>;
    readonly cloud: Azure;
    /** Calls for a new token, refreshes, writings. */
    readonly calls: readonly [number, number, number];
    /** What is sent, or the message of the error. */
    readonly wanted: string | RegExp;
    /** Seconds between a first call, which counts too, and the one that is looked at. */
    readonly later?: number;
  }
  const scenarios: readonly Scenario[] = [
    { name: "new config", config: IDS, cloud: {}, calls: [1, 0, 1], wanted: "Bearer canary-new" },
    {
      name: "from cache",
      config: stored(NOW + 60),
      cloud: {},
      calls: [0, 0, 0],
      wanted: "Bearer canary-old",
      later: 1,
    },
    {
      name: "from config",
      config: stored(NOW + 1),
      cloud: {},
      calls: [0, 0, 0],
      wanted: "Bearer canary-old",
    },
    {
      name: "cached expired, refresh ok",
      config: stored(NOW + 60),
      cloud: { refresh: [token("fresh")] },
      calls: [0, 1, 1],
      wanted: "Bearer canary-fresh",
      later: 60,
    },
    {
      name: "config expired, refresh error",
      config: stored(NOW),
      cloud: { refresh: [{ status: 400, body: { error: "invalid_grant" } }] },
      calls: [1, 1, 1],
      wanted: "Bearer canary-new",
    },
    {
      name: "config expired, refresh in a bad format",
      config: stored(NOW),
      cloud: { refresh: [{ body: "<html>" }] },
      calls: [1, 1, 1],
      wanted: "Bearer canary-new",
    },
    {
      name: "config expired, refresh with a word for a time",
      config: stored(NOW),
      cloud: { refresh: [token("x", NOW, { expires_on: "soon" })] },
      calls: [1, 1, 1],
      wanted: "Bearer canary-new",
    },
    {
      name: "unexpected refresh error",
      config: stored(NOW),
      cloud: { refresh: ["cut"] },
      calls: [0, 1, 0],
      wanted:
        /^acquiring a token for authorization header: unexpected error when refreshing token: refreshing token: The connection to https:\/\/login\.microsoftonline\.com was lost/,
    },
    {
      name: "refresh with nothing in it",
      config: stored(NOW),
      cloud: { refresh: [{ body: "  " }] },
      calls: [0, 1, 0],
      wanted: `${ACQUIRING}unexpected error when refreshing token: refreshing token: adal: Empty service principal token received during refresh`,
    },
    {
      name: "token error",
      config: IDS,
      cloud: { poll: [{ status: 400, body: { error: "access_denied" } }] },
      calls: [1, 0, 0],
      wanted: `${WAITING}Error while retrieving OAuth token: Access Denied`,
    },
    {
      name: "source returns expired",
      config: IDS,
      cloud: { poll: [token("new", NOW)] },
      calls: [1, 0, 0],
      wanted: `${ACQUIRING}newly acquired token is expired`,
    },
    {
      name: "source returns nil",
      config: IDS,
      cloud: { poll: [{ body: {} }] },
      calls: [1, 0, 0],
      wanted: `${ACQUIRING}unable to acquire token`,
    },
  ];

  test.each(scenarios)("$name", async ({ config: written, cloud: script, calls, wanted, later }) => {
    await using cloud = await azure(script);
    await using who = await someone(config(written), cloud, 9);
    const source = await who.source();
    if (later !== undefined) {
      await source.get();
      who.pass(later * 1000);
    }
    if (typeof wanted === "string" && wanted.startsWith("Bearer"))
      expect(sent(await source.get())).toBe(wanted);
    else {
      const { message } = await failureOf(source.get());
      if (typeof wanted === "string") expect(message).toBe(wanted);
      else expect(message).toMatch(wanted);
      expect(message).not.toContain("canary");
    }
    expect([cloud.asked.filter(isDevice).length, cloud.asked.filter(isRefresh).length, who.writes()]).toEqual(
      calls,
    );
    expect(who.said()).not.toContain("canary");
    if (calls[2] > 0 && typeof wanted === "string")
      expect(await who.stored()).toEqual(full(wanted.replace("Bearer canary-", "")));
    if (calls[2] > 0) expect(sent(await (await who.source()).get())).toBe(wanted);
  });

  test("what is asked", async () => {
    await using cloud = await azure({ refresh: [{ status: 401 }] });
    await using who = await someone(config(stored(NOW)), cloud);
    await (await who.source()).get();
    expect(cloud.asked.map(({ method, path, form }) => [method, path, form])).toEqual([
      [
        "POST",
        `/tenant/oauth2/token${query}`,
        { client_id: "client", resource: "server", grant_type: "refresh_token", refresh_token: "canary-r1" },
      ],
      ["POST", `/tenant/oauth2/devicecode${query}`, { client_id: "client", resource: "server" }],
      [
        "POST",
        `/tenant/oauth2/token${query}`,
        { client_id: "client", code: "canary-device", grant_type: "device_code", resource: "server" },
      ],
    ]);
  });
});

test("no error shows a token that the server was asked with or gave", async () => {
  const echo: Answer = { status: 400, body: "refresh_token=canary-r1&access_token=canary" };
  await using cloud = await azure({ refresh: [echo], device: [echo] });
  await using who = await someone(stored(NOW), cloud, 9);
  const { message, hint } = await failureOf((await who.source()).get());
  expect(`${message}${hint}${who.said()}`).not.toContain("canary");
});
