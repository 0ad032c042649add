import { expect, test } from "vitest";
import { clientConfig } from "../../../test/api-server.ts";
import { recorded } from "../../../test/recorded.ts";
import { parseTarget } from "../../route/index.ts";
import { openFront, type FrontRequest } from "./front.ts";

const SETTINGS = {
  origin: "name",
  addresses: ["127.0.0.1:0"],
  anonymous: false,
  serviceAccount: undefined,
} as const;

test("R-D1: no two targets share an origin, also where two contexts say the same", async () => {
  await using under = await recorded();
  const target = (contextName: string, text: string): FrontRequest["targets"][number] => ({
    config: { ...clientConfig("https://127.0.0.1:1"), contextName },
    reference: parseTarget(text),
    server: "https://127.0.0.1:1",
  });
  const front = await openFront({
    system: under.system(),
    settings: SETTINGS,
    targets: [target("blue", "svc/ui"), target("teal", "svc/ui"), target("blue", "svc/other")],
  });
  await using _ = front.listener;
  expect(new Set([...front.hosts, front.startHost]).size).toBe(4);
});

test("R-D1: what a UI keeps in the browser is of one person only", async () => {
  await using under = await recorded();
  const config = { ...clientConfig("https://127.0.0.1:1"), userName: "amy" };
  const acting = { user: "bob", uid: undefined, groups: [], extra: new Map<string, readonly string[]>() };
  const hostOf = async (over: Partial<FrontRequest["settings"]>, impersonate = config.impersonate) => {
    const target = {
      config: { ...config, impersonate },
      reference: parseTarget("svc/ui"),
      server: "https://127.0.0.1:1",
    };
    const settings = { ...SETTINGS, ...over };
    const front = await openFront({ system: under.system(), settings, targets: [target] });
    await front.listener[Symbol.asyncDispose]();
    return front.hosts[0];
  };
  const hosts = [
    await hostOf({}),
    await hostOf({}, acting),
    await hostOf({}, { ...acting, groups: ["ops"] }),
    await hostOf({ anonymous: true }),
    await hostOf({ serviceAccount: { namespace: "apps", name: "viewer" } }),
  ];
  expect(new Set(hosts).size).toBe(hosts.length);
  expect(await hostOf({})).toBe(hosts[0]);
});
