import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { writeTokenFile } from "./token-file.ts";

const TOKEN = new Secret("canary");

test("holds the token alone, for its owner alone, until it is removed", async () => {
  await using under = await recorded();
  const path = join(under.home, "token");
  const file = await writeTokenFile(under.system(), path, TOKEN);
  expect(readFileSync(path, "utf8")).toBe("canary");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await file.remove();
  expect(existsSync(path)).toBe(false);
});

test("goes when the process ends at once", async () => {
  await using under = await recorded();
  const path = join(under.home, "token");
  const acts: (() => void)[] = [];
  const system = { ...under.system(), onExit: (act: () => void) => (acts.push(act), () => undefined) };
  await writeTokenFile(system, path, TOKEN);
  for (const act of acts) act();
  expect(existsSync(path)).toBe(false);
});

test("a name that is taken is left alone, and said as it is", async () => {
  await using under = await recorded();
  const path = join(under.home, "token");
  await writeTokenFile(under.system(), path, TOKEN);
  await expect(writeTokenFile(under.system(), path, new Secret("other"))).rejects.toEqual(
    new KnownError(
      "API_TOKEN_FILE",
      `Cannot write --api-token-file "${path}": something of that name is there already`,
    ),
  );
  expect(readFileSync(path, "utf8")).toBe("canary");
});

test("no directory is made for it", async () => {
  await using under = await recorded();
  const path = join(under.home, "absent", "token");
  await expect(writeTokenFile(under.system(), path, TOKEN)).rejects.toEqual(
    new KnownError("API_TOKEN_FILE", `Cannot write --api-token-file "${path}": there is no such directory`),
  );
  expect(existsSync(join(under.home, "absent"))).toBe(false);
});
