import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientConfig, quietSystem, VALID } from "../../test/api-server.ts";
import { after, epochMillis, millis, type EpochMillis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { authoritiesOf, type Authorities } from "./authorities.ts";

const [A, B, ROOT] = ["a", "b", "root"].map(
  (name) => createAuthority({ commonName: name, ...VALID }).cert,
) as [string, string, string];
const BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-ca-"));
  path = join(directory, "ca.crt");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Opened {
  readonly get: () => Promise<Authorities>;
  readonly pass: (time: number) => void;
}

const open = (cluster: Partial<Cluster>): Opened => {
  let now: EpochMillis = epochMillis(Date.now());
  const system = { ...quietSystem(), now: () => now };
  return {
    get: authoritiesOf(clientConfig("https://api.test", cluster), system, () => Promise.resolve([ROOT])),
    pass: (time) => {
      now = after(now, millis(time));
    },
  };
};

test("nothing named means the system's roots", async () => {
  expect(await open({}).get()).toEqual([ROOT]);
});

test("data wins over a file, which is not even read", async () => {
  const { get } = open({ certificateAuthorityData: A, certificateAuthority: join(directory, "missing") });
  expect(await get()).toEqual([A]);
});

test("a bundle is taken apart, and what is broken in it is left out", async () => {
  expect(
    await open({ certificateAuthorityData: `# x\n${A}${BROKEN}${B.replaceAll("\n", "\r\n")}` }).get(),
  ).toEqual([A, B]);
});

test("a file that is missing is named, as client-go does", async () => {
  await expect(open({ certificateAuthority: path }).get()).rejects.toMatchObject({
    code: "CLIENT_CONFIG_INVALID",
    message: `invalid configuration: unable to read certificate-authority ${path} for c due to open ${path}: no such file or directory`,
  });
});

describe("what is no authority (credentials.md §4.2)", () => {
  test.each([
    ["text", "hello", "unable to parse bytes as PEM block"],
    [
      "a key",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "no valid certificate authority data seen",
    ],
    [
      "a certificate with headers",
      A.replace("-----\n", "-----\nProc-Type: 4\n\n"),
      "no valid certificate authority data seen",
    ],
    ["a broken certificate", BROKEN, "failed to parse certificate: x509: malformed certificate"],
  ])("%s, in data and in a file", async (_name, text, reason) => {
    await writeFile(path, text);
    const wanted = { code: "CLIENT_CONFIG_INVALID", message: `unable to load root certificates: ${reason}` };
    await expect(open({ certificateAuthorityData: text }).get()).rejects.toMatchObject(wanted);
    await expect(open({ certificateAuthority: path }).get()).rejects.toMatchObject(wanted);
  });

  // It must never become the system's roots.
  test("an empty file trusts nobody", async () => {
    await writeFile(path, "");
    expect(await open({ certificateAuthority: path }).get()).toEqual([]);
  });

  test("a file without an end is not read to it", async () => {
    await expect(open({ certificateAuthority: "/dev/zero" }).get()).rejects.toMatchObject({ exit: 2 });
  });
});

describe("a file that changes", () => {
  const FIVE_MINUTES = 5 * 60_000;

  test("is read again after five minutes, and not before", async () => {
    await writeFile(path, A);
    const { get, pass } = open({ certificateAuthority: path });
    const first = await get();
    await writeFile(path, B);
    pass(FIVE_MINUTES - 1);
    expect(await get()).toBe(first);
    pass(1);
    expect(await get()).toEqual([B]);
    pass(FIVE_MINUTES);
    expect(await get()).toEqual([B]);
  });

  test("is read again after the clock was set back (F26)", async () => {
    await writeFile(path, A);
    const { get, pass } = open({ certificateAuthority: path });
    await get();
    await writeFile(path, B);
    pass(-3_600_000);
    expect(await get()).toEqual([B]);
  });

  test("gives the same list as long as it says the same", async () => {
    await writeFile(path, A);
    const { get, pass } = open({ certificateAuthority: path });
    const first = await get();
    pass(FIVE_MINUTES);
    expect(await get()).toBe(first);
  });

  test.each([
    ["becomes empty", async () => await writeFile(path, "")],
    ["goes", async () => await rm(path)],
    ["becomes garbage", async () => await writeFile(path, "hello")],
    ["becomes a broken certificate", async () => await writeFile(path, BROKEN)],
  ])("and %s is kept as it was, until it is good again", async (_name, spoil) => {
    await writeFile(path, A);
    const { get, pass } = open({ certificateAuthority: path });
    const first = await get();
    await spoil();
    pass(FIVE_MINUTES);
    expect(await get()).toBe(first);
    await writeFile(path, B);
    pass(FIVE_MINUTES);
    expect(await get()).toEqual([B]);
  });

  test("is read once for any number who ask at once", async () => {
    await writeFile(path, A);
    const system = quietSystem();
    let reads = 0;
    const files = {
      ...system.files,
      read: async (...args: Parameters<typeof system.files.read>) => {
        reads += 1;
        return await system.files.read(...args);
      },
    };
    const get = authoritiesOf(
      clientConfig("https://api.test", { certificateAuthority: path }),
      { ...system, files },
      () => Promise.resolve(undefined),
    );
    const all = await Promise.all(Array.from({ length: 20 }, get));
    expect(new Set(all).size).toBe(1);
    expect(reads).toBe(1);
  });
});
