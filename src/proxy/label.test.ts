import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testSystem, type TestSystem } from "../../test/proxy/fake-site.ts";
import { openGap } from "./gap.ts";
import { originHost, originOf, slugOf, type OriginInputs } from "./label.ts";

const inputs: OriginInputs = {
  server: "https://10.0.0.1:6443",
  authority: "aa",
  namespace: "apps",
  target: "service/ui",
  port: "80",
  user: "alice",
};

let under: TestSystem;
let path: string;
beforeEach(async () => {
  under = await testSystem();
  path = join(under.home, "state", "origin.key");
});
afterEach(() => under.remove());

describe("the name of an origin", () => {
  test("is the same at every run, and another in another installation", async () => {
    const first = await originOf(under.system, "ui", inputs, 80);
    expect(first).toMatch(/^ui-[0-9a-f]{20}\.localhost$/);
    expect(await originOf(under.system, "ui", inputs, 80)).toBe(first);
    const other = await testSystem();
    expect(await originOf(other.system, "ui", inputs, 80)).not.toBe(first);
    await other.remove();
  });

  test("is given up after a process that died, at that port only, and for good", async () => {
    const { system } = under;
    const at = async (port: number): Promise<string> => await originOf(system, "ui", inputs, port);
    const first = await at(8001);
    const gap = await openGap(system, first, 8001);
    expect(gap.unclean).toBe(false);
    expect(await at(8002)).toBe(first);
    const second = await at(8001);
    expect(second).toMatch(/^ui-[0-9a-f]{20}\.localhost$/);
    expect(second).not.toBe(first);
    const next = await openGap(system, second, 8001);
    expect(next.unclean).toBe(false);
    await next.close();
    expect(await at(8001)).toBe(second);
  });

  test("differs with every input, also when text moves from one to the next", () => {
    const key = Buffer.alloc(32, 7);
    const field = fc.constantFrom(
      ...(["server", "authority", "namespace", "target", "port", "user"] as const),
    );
    fc.assert(
      fc.property(
        fc.record({
          server: fc.string(),
          authority: fc.string(),
          namespace: fc.string(),
          target: fc.string(),
          port: fc.string(),
          user: fc.string(),
        }),
        field,
        fc.string({ minLength: 1 }),
        (one, name, more) => {
          expect(originHost(key, "ui", { ...one, [name]: one[name] + more })).not.toBe(
            originHost(key, "ui", one),
          );
        },
      ),
    );
    expect(originHost(key, "ui", { ...inputs, server: "a", authority: "bc" })).not.toBe(
      originHost(key, "ui", { ...inputs, server: "ab", authority: "c" }),
    );
  });

  test("is always a DNS label", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const label = originHost(Buffer.alloc(32), name, inputs).replace(/\.localhost$/, "");
        expect(label).toMatch(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/);
        expect(label.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  test.each([
    ["kubernetes-dashboard", "kubernetes-dashboard"],
    ["UI_v2.beta", "ui-v2-beta"],
    ["--", "ui"],
    ["\u00e4", "ui"],
    [`${"a".repeat(41)}-b`, "a".repeat(41)],
  ])("slug of %s", (name, slug) => expect(slugOf(name)).toBe(slug));
});

describe("the key", () => {
  test("is 32 random bytes in a file that only the owner reads", async () => {
    await originOf(under.system, "ui", inputs, 80);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "latin1")).toMatch(/^kauth-origin-key 1\n[0-9a-f]{64}\n$/);
  });

  test("is made once when many start together", async () => {
    const names = await Promise.all(
      Array.from({ length: 20 }, () => originOf(under.system, "ui", inputs, 80)),
    );
    expect(new Set(names).size).toBe(1);
  });

  test.each([
    ["damaged", "rubbish", "it is not a key file"],
    ["newer", `kauth-origin-key 2\n${"a".repeat(64)}\n`, "a newer kauth"],
    ["cut short", "kauth-origin-key 1\nabc", "it is not a key file"],
  ])("%s: refused and kept", async (_, content, message) => {
    await mkdir(join(under.home, "state"), { mode: 0o700 });
    await writeFile(path, content, { mode: 0o600 });
    await expect(originOf(under.system, "ui", inputs, 80)).rejects.toThrow(message);
    expect(await readFile(path, "latin1")).toBe(content);
  });

  test("empty, as a full disk leaves it: made anew, and kept", async () => {
    await mkdir(join(under.home, "state"), { mode: 0o700 });
    await writeFile(path, "", { mode: 0o600 });
    const name = await originOf(under.system, "ui", inputs, 80);
    expect(await readFile(path, "latin1")).toMatch(/^kauth-origin-key 1\n/);
    expect(await originOf(under.system, "ui", inputs, 80)).toBe(name);
  });

  test("open to others: refused", async () => {
    await originOf(under.system, "ui", inputs, 80);
    await chmod(path, 0o644);
    await expect(originOf(under.system, "ui", inputs, 80)).rejects.toMatchObject({
      code: "STATE_INVALID",
      exit: 2,
    });
  });

  test("is not written through a planted link", async () => {
    await mkdir(join(under.home, "state"), { mode: 0o700 });
    await symlink(join(under.home, "elsewhere"), path);
    await originOf(under.system, "ui", inputs, 80).catch(() => undefined);
    await expect(stat(join(under.home, "elsewhere"))).rejects.toThrow("ENOENT");
  });
});
