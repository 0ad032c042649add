import { chmod, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { testSystem, type TestSystem } from "../../test/proxy/fake-site.ts";
import { writeLaunchFile } from "./launch-file.ts";

let under: TestSystem;
beforeEach(async () => {
  under = await testSystem();
});
afterEach(() => under.remove());

const launch = {
  url: new Secret("http://ui-0123456789abcdef0123.localhost:18000/__kauth/launch#AbC_-token"),
  title: 'svc/"><script>alert(1)</script>',
};

test("only the owner can read it, nothing secret is in its name, and it can be taken away", async () => {
  const file = await writeLaunchFile(under.system, launch);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(file.path))).mode & 0o777).toBe(0o700);
  expect(file.path).not.toContain("token");
  const text = await readFile(file.path, "utf8");
  expect(text).toContain("#AbC_-token");
  expect(text).not.toContain("<script>alert");
  expect(text).toContain("connect-src http://ui-0123456789abcdef0123.localhost:18000;");
  await file.remove();
  await expect(stat(file.path)).rejects.toThrow("ENOENT");
});

test("a runtime directory that is open to others gets a closed one inside", async () => {
  const first = await writeLaunchFile(under.system, launch);
  await chmod(dirname(first.path), 0o755);
  const file = await writeLaunchFile(under.system, launch);
  expect(dirname(file.path)).not.toBe(dirname(first.path));
  expect((await stat(dirname(file.path))).mode & 0o777).toBe(0o700);
  await file.remove();
  await expect(stat(dirname(file.path))).rejects.toThrow("ENOENT");
  await first.remove();
});

test("a runtime directory of somebody else is not used", async () => {
  const { system } = under;
  const files = {
    ...system.files,
    facts: async (path: string) => {
      const found = await system.files.facts(path);
      return found === undefined ? undefined : { ...found, uid: found.uid + 1 };
    },
  };
  await expect(writeLaunchFile({ ...system, files }, launch)).rejects.toMatchObject({
    code: "STATE_INVALID",
    message: expect.stringContaining("belongs to another user"),
  });
});
