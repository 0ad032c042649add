import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLIENT, fakeProvider, LOADED } from "../../../test/openid-scene.ts";
import { recorded } from "../../../test/recorded.ts";
import { run } from "../run.ts";

test("what another process has renewed meanwhile is used, and its refresh token is not spent again", async () => {
  await using provider = await fakeProvider(() => ({ status: 400, body: { error: "invalid_grant" } }));
  await using under = await recorded();
  const path = join(under.home, "config");
  const old = await provider.sign({ iat: LOADED - 7200, exp: LOADED - 3600 });
  const fresh = await provider.sign();
  const config = (token: string, refresh: string): string =>
    JSON.stringify({
      kind: "Config",
      users: [
        {
          name: "x",
          user: {
            "auth-provider": {
              name: "oidc",
              config: {
                "idp-issuer-url": provider.issuer,
                "client-id": CLIENT,
                "id-token": token,
                "refresh-token": refresh,
              },
            },
          },
        },
      ],
    });
  await writeFile(path, config(old.reveal(), "spent"), { mode: 0o600 });
  const after = config(fresh.reveal(), "next");
  let reads = 0;
  const status = await run({
    args: [`--kubeconfig=${path}`, "--user=x"],
    program: "kubelogin",
    signal: new AbortController().signal,
    system: (level) => {
      const system = under.system(level);
      return {
        ...system,
        files: {
          ...system.files,
          readWithFacts: async (name, limit) => {
            const found = await system.files.readWithFacts(name, limit);
            // The other process is done between our first look and our turn.
            if (name === path && reads++ === 0) await writeFile(path, after, { mode: 0o600 });
            return found;
          },
        },
      };
    },
  });
  expect(status, under.err.join("\n")).toBe(0);
  expect(provider.heard).toEqual([]);
  expect(await readFile(path, "utf8")).toBe(after);
  expect(under.err.join("\n")).toContain("You got a valid token until ");
});
