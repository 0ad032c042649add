import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keepForTest } from "../../../../test/keep.ts";
import { examine } from "../../../../test/oidc-doctor-scene.ts";
import { fakeProvider, type FakeProvider } from "../../../../test/openid-scene.ts";
import { newHome } from "../../../../test/program.ts";
import { Secret } from "../../../base/secret.ts";
import { browserCheck, cacheCheck, listenCheck, secretCheck } from "./machine.ts";

const keep = keepForTest();
const start = async (): Promise<FakeProvider> => keep(await fakeProvider());

describe("this machine", () => {
  test("a port that is taken, with its owner", async () => {
    const { issuer } = await start();
    const port = Number(new URL(issuer).port);
    const found = await examine({ issuer, ports: [port] }, [listenCheck]);
    expect(found.get("listen")?.state).toBe("bad");
    expect(found.get("listen")?.found).toContain(`127.0.0.1:${port} belongs to`);
    const other = await examine({ issuer, ports: [port, 0] }, [listenCheck]);
    expect(other.get("listen")?.state).toBe("warning");
    expect((await examine({ issuer, ports: [0] }, [listenCheck])).get("listen")?.state).toBe("ok");
  });

  test("no browser", async () => {
    const none = await examine({ issuer: "http://x" }, [browserCheck], { env: {}, platform: "linux" });
    expect(none.get("browser")?.state).toBe("warning");
    const one = await examine({ issuer: "http://x" }, [browserCheck], { env: {}, platform: "darwin" });
    expect(one.get("browser")?.state).toBe("ok");
    const own = { issuer: "http://x", browserCommand: "/bin/mine" };
    const told = await examine(own, [browserCheck], { env: {}, platform: "linux" });
    expect(told.get("browser")).toMatchObject({ state: "ok", found: '"/bin/mine" is told to open it' });
    expect(await examine({ issuer: "http://x", grant: "password" }, [browserCheck, listenCheck])).toEqual(
      new Map(),
    );
  });
});

const ISSUER = { issuer: "https://issuer.example" };

describe("the token cache", () => {
  test.each([
    { words: ["--token-cache-storage=none"], state: "warning", says: "every command signs in" },
    { words: [], state: "ok", says: "as files of yours alone: you are not signed in with these options" },
  ])("$words", async ({ words, state, says }) => {
    const found = (await examine(ISSUER, [cacheCheck], {}, words)).get("cache");
    expect(found?.state).toBe(state);
    expect(found?.found).toContain(says);
  });

  test("a place that others can change is told, and where tokens are instead", async () => {
    await using home = await newHome();
    const open = join(home.path, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    const words = [`--token-cache-dir=${join(open, "cache")}`];
    const found = (await examine(ISSUER, [cacheCheck], {}, words)).get("cache");
    expect(found?.state).toBe("warning");
    expect(found?.found).toContain(
      `${join(open, "cache")} is not yours alone, or cannot be made; tokens are kept in`,
    );
  });
});

test("a client secret is as public as its kubeconfig", async () => {
  const found = await examine({ ...ISSUER, clientSecret: new Secret("canary") }, [secretCheck]);
  expect(found.get("secret")?.state).toBe("warning");
  expect(JSON.stringify([...found])).not.toContain("canary");
  expect(await examine(ISSUER, [secretCheck])).toEqual(new Map());
});
