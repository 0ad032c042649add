import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { epochMillis } from "../../base/units.ts";
import { realSystem } from "../../base/system.ts";
import { serverCertificate, standingCertificate, type ServerCertificate } from "./own-certificate.ts";

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 0, 1);
let stateDir: string;
let now: number;
beforeEach(async () => {
  now = NOW;
  stateDir = await mkdtemp(join(tmpdir(), "kauth-cert-"));
});
afterEach(async () => {
  await rm(stateDir, { recursive: true });
});

const get = async (
  more: { readonly hostname?: string; readonly address?: string } = {},
): Promise<ServerCertificate> =>
  await serverCertificate(
    { stateDir, hostname: "localhost", address: "127.0.0.1", ...more },
    { ...realSystem(), now: () => epochMillis(now) },
  );

describe("a certificate of our own", () => {
  test("is for the name and the address, and only its owner reads the keys", async () => {
    const made = await get();
    const certificate = new X509Certificate(made.cert);
    expect(certificate.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
    expect(certificate.verify(new X509Certificate(made.trust).publicKey)).toBe(true);
    for (const name of ["key.pem", "ca-key.pem"])
      expect((await stat(join(stateDir, name))).mode & 0o777).toBe(0o600);
  });

  test.each([
    { hostname: "127.0.0.1", address: "127.0.0.1", names: "IP Address:127.0.0.1" },
    { hostname: "example.com", address: "192.0.2.1", names: "DNS:example.com, IP Address:192.0.2.1" },
    { hostname: "2001:db8::1:0", address: "::", names: "IP Address:2001:DB8:0:0:0:0:1:0" },
  ])("$hostname and $address: $names (iam.md §3.7)", async ({ hostname, address, names }) => {
    expect(new X509Certificate((await get({ hostname, address })).cert).subjectAltName).toBe(names);
  });

  test("stays until 30 days are left; what is trusted stays for years", async () => {
    const first = await get();
    now = NOW + 59 * DAY;
    expect((await get()).cert).toBe(first.cert);
    now = NOW + 61 * DAY;
    const second = await get();
    expect(second.cert).not.toBe(first.cert);
    expect(second.trust).toBe(first.trust);
  });

  test("is made anew for another name, and where it was damaged", async () => {
    const first = await get();
    expect((await get({ hostname: "other" })).cert).not.toBe(first.cert);
    await writeFile(join(stateDir, "key.pem"), "nonsense");
    const mended = await get();
    expect(mended.key).toContain("PRIVATE KEY");
    expect(mended.trust).toBe(first.trust);
  });

  test("half of a pair is nothing to go on with", async () => {
    await get();
    await unlink(join(stateDir, "key.pem"));
    await expect(get()).rejects.toMatchObject({ code: "IAM_SERVER_CERTIFICATE" });
  });
});

test("somebody else's pair stays, with the certificate of their authority beside it", async () => {
  const made = await get();
  await unlink(join(stateDir, "ca-key.pem"));
  now = NOW + 80 * DAY;
  expect(await get()).toEqual({ cert: made.cert, key: made.key, trust: made.cert, own: false });
  expect(await readFile(join(stateDir, "ca.pem"), "utf8")).toBe(made.trust);
});

test("a key that stands there alone is not written over", async () => {
  await writeFile(join(stateDir, "key.pem"), "precious");
  await expect(
    standingCertificate({ stateDir, hostname: "localhost", address: "127.0.0.1" }, realSystem()),
  ).rejects.toMatchObject({ code: "IAM_SERVER_CERTIFICATE" });
  expect(await readFile(join(stateDir, "key.pem"), "utf8")).toBe("precious");
});

test("somebody else's pair is taken as it is, however long it lasts", async () => {
  const made = await get();
  await unlink(join(stateDir, "ca.pem"));
  await unlink(join(stateDir, "ca-key.pem"));
  now = NOW + 80 * DAY;
  expect(await get()).toEqual({ cert: made.cert, key: made.key, trust: made.cert, own: false });
  expect(await readFile(join(stateDir, "cert.pem"), "utf8")).toBe(made.cert);
});
