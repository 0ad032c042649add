import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientConfig, quietSystem, VALID } from "../../test/api-server.ts";
import { Secret } from "../base/secret.ts";
import { after, epochMillis, millis, type EpochMillis } from "../base/units.ts";
import { createAuthority, type IssuedCertificate } from "../base/x509.ts";
import type { User } from "../kubeconfig/index.ts";
import { certificateReader } from "./static.ts";

const people = createAuthority({ commonName: "people", ...VALID });
const [OLD, NEW] = ["old", "new"].map((commonName) =>
  people.issue({ commonName, use: "client", ...VALID }),
) as [IssuedCertificate, IssuedCertificate];

let directory: string;
let certPath: string;
let keyPath: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-cert-"));
  certPath = join(directory, "c.crt");
  keyPath = join(directory, "c.key");
  await put(OLD);
});
afterEach(async () => await rm(directory, { recursive: true }));

const put = async (pair: Partial<IssuedCertificate>): Promise<void> => {
  if (pair.cert !== undefined) await writeFile(certPath, pair.cert);
  if (pair.key !== undefined) await writeFile(keyPath, pair.key);
};

const reader = (user: Partial<User>) => {
  let now: EpochMillis = epochMillis(Date.now());
  let reads = 0;
  const system = quietSystem();
  const files = {
    ...system.files,
    read: async (...args: Parameters<typeof system.files.read>) => {
      reads += 1;
      return await system.files.read(...args);
    },
  };
  const get = certificateReader({ ...clientConfig("https://s").user, ...user }, "u", {
    ...system,
    files,
    now: () => now,
  });
  return {
    get,
    reads: () => reads,
    pass: (time: number) => {
      now = after(now, millis(time));
    },
  };
};

const files = (): Partial<User> => ({ clientCertificate: certPath, clientKey: keyPath });

describe("certificate and key in files (credentials.md §4.2)", () => {
  test("are read again after a second, and not before", async () => {
    const { get, pass, reads } = reader(files());
    const first = await get();
    expect(first?.cert).toBe(OLD.cert);
    await put(NEW);
    pass(999);
    expect(await get()).toBe(first);
    expect(reads()).toBe(2);
    pass(1);
    const second = await get();
    expect([second?.cert, second?.key.reveal()]).toEqual([NEW.cert, NEW.key]);
    pass(1_000);
    expect(await get()).toBe(second);
  });

  test("are read again after the clock was set back (F26)", async () => {
    const { get, pass } = reader(files());
    await get();
    await put(NEW);
    pass(-3_600_000);
    expect((await get())?.cert).toBe(NEW.cert);
  });

  test("are the same as long as they say the same", async () => {
    const { get, pass } = reader(files());
    const first = await get();
    pass(1_000);
    expect(await get()).toBe(first);
  });

  test.each<[name: string, spoil: () => Promise<void>]>([
    ["only the certificate is new yet", async () => await put({ cert: NEW.cert })],
    ["only the key is new yet", async () => await put({ key: NEW.key })],
    ["the certificate is half written", async () => await put({ cert: NEW.cert.slice(0, 200) })],
    ["the key is empty", async () => await put({ cert: NEW.cert, key: "" })],
    ["a file is gone", async () => await rm(keyPath)],
  ])("stay as they were while %s", async (_name, spoil) => {
    const { get, pass } = reader(files());
    const first = await get();
    await spoil();
    pass(1_000);
    expect(await get()).toBe(first);
    await put(NEW);
    pass(1_000);
    expect((await get())?.cert).toBe(NEW.cert);
  });

  test("are read once for any number who ask at once", async () => {
    const { get, reads } = reader(files());
    const all = await Promise.all(Array.from({ length: 20 }, get));
    expect([new Set(all).size, reads()]).toEqual([1, 2]);
  });

  test("that cannot be read are named, and tried again", async () => {
    await rm(keyPath);
    const { get } = reader(files());
    await expect(get()).rejects.toMatchObject({
      code: "CLIENT_CONFIG_INVALID",
      message: `invalid configuration: unable to read client-key ${keyPath} for u due to open ${keyPath}: no such file or directory`,
    });
    await put(OLD);
    expect((await get())?.cert).toBe(OLD.cert);
  });
});

test.each<[name: string, user: () => Partial<User>]>([
  ["both are data", () => ({ clientCertificateData: OLD.cert, clientKeyData: new Secret(OLD.key) })],
  ["the key is data", () => ({ clientCertificate: certPath, clientKeyData: new Secret(OLD.key) })],
  ["the certificate is data", () => ({ clientCertificateData: OLD.cert, clientKey: keyPath })],
])("nothing is read again where %s", async (_name, user) => {
  const { get, pass, reads } = reader(user());
  const first = await get();
  const before = reads();
  await put(NEW);
  pass(10_000);
  expect(await get()).toBe(first);
  expect(reads()).toBe(before);
});
