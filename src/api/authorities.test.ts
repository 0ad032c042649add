import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientConfig, quietSystem, VALID } from "../../test/api-server.ts";
import { after, epochMillis, millis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { authoritiesOf, type Authorities } from "./authorities.ts";

const authority = (commonName: string): string => createAuthority({ commonName, ...VALID }).cert;
const [FIRST, SECOND] = [authority("first"), authority("second")];
const SYSTEM: Authorities = ["the system's"];

let directory: string;
let path: string;
let now: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-ca-"));
  path = join(directory, "ca.crt");
  now = 0;
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const reader = (cluster: Partial<Cluster>): (() => Promise<Authorities>) => {
  const system = { ...quietSystem(), now: () => after(epochMillis(now), millis(0)) };
  return authoritiesOf(clientConfig("https://api.test", cluster), system, () => Promise.resolve(SYSTEM));
};
/** How many certificates vouch for the server. */
const count = async (read: () => Promise<Authorities>): Promise<number | undefined> => (await read())?.length;

test("nothing named means the system's roots", async () => {
  expect(await reader({})()).toBe(SYSTEM);
});

test("data wins over a file, which is not even read", async () => {
  const read = reader({ certificateAuthorityData: FIRST + SECOND, certificateAuthority: path });
  expect(await count(read)).toBe(2);
  expect(await read()).toBe(await read());
});

test("a file is read", async () => {
  await writeFile(path, FIRST);
  expect(await count(reader({ certificateAuthority: path }))).toBe(1);
});

test("a file that is missing is named, and read when it is there", async () => {
  const read = reader({ certificateAuthority: path });
  await expect(read()).rejects.toMatchObject({
    code: "CLIENT_CONFIG_INVALID",
    message: expect.stringContaining(`unable to read certificate-authority ${path} for c due to`) as string,
  });
  await writeFile(path, FIRST);
  expect(await count(read)).toBe(1);
});

test("a file without an end is not read to it", async () => {
  await expect(reader({ certificateAuthority: "/dev/zero" })()).rejects.toMatchObject({ exit: 2 });
});

// An empty list trusts nobody; undefined would be the system's roots.
test("an empty file trusts nobody", async () => {
  await writeFile(path, "");
  expect(await reader({ certificateAuthority: path })()).toEqual([]);
});

describe("in place of certificates", () => {
  test.each([
    ["text", "hello", "unable to parse bytes as PEM block"],
    ["half a block", FIRST.slice(0, 100), "unable to parse bytes as PEM block"],
    [
      "a block of garbage",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "failed to parse certificate",
    ],
    [
      "a key",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "no valid certificate authority data seen",
    ],
  ])("%s is refused, from data and file", async (_name, text, reason) => {
    await writeFile(path, text);
    const wanted = {
      code: "CLIENT_CONFIG_INVALID",
      message: `unable to load root certificates: ${reason}`,
    };
    await expect(reader({ certificateAuthorityData: text })()).rejects.toMatchObject(wanted);
    await expect(reader({ certificateAuthority: path })()).rejects.toMatchObject(wanted);
  });
});

describe("a file that changes", () => {
  const FIVE_MINUTES = 5 * 60_000;

  test("is read again after five minutes, not before", async () => {
    await writeFile(path, FIRST);
    const read = reader({ certificateAuthority: path });
    const before = await read();
    await writeFile(path, FIRST + SECOND);
    now = FIVE_MINUTES - 1;
    expect(await read()).toBe(before);
    now = FIVE_MINUTES;
    expect(await count(read)).toBe(2);
  });

  test.each<readonly [string, () => Promise<void>]>([
    ["missing", async () => await rm(path)],
    ["empty", async () => await writeFile(path, "")],
    ["garbage", async () => await writeFile(path, "hello")],
    ["the same", async () => await writeFile(path, FIRST)],
  ])("changes nothing when it is %s", async (_name, change) => {
    await writeFile(path, FIRST);
    const read = reader({ certificateAuthority: path });
    const before = await read();
    await change();
    now = FIVE_MINUTES;
    expect(await read()).toBe(before);
  });
});
