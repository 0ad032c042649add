import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quietSystem, VALID } from "../../test/api-server.ts";
import { certificatesOf, pemBlocks } from "./pem.ts";
import { systemRoots } from "./roots.ts";
import type { System } from "./system.ts";
import { createAuthority } from "./x509.ts";

const [A, B, C] = ["a", "b", "c"].map((name) => createAuthority({ commonName: name, ...VALID }).cert) as [
  string,
  string,
  string,
];
const BROKEN = "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG\n-----END CERTIFICATE-----\n";

let home = "";
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kauth-roots-"));
  await mkdir(join(home, "certs"));
  await mkdir(join(home, "more"));
  await writeFile(join(home, "bundle.pem"), `# a comment\n${A}${BROKEN}${B.replaceAll("\n", "\r\n")}`);
  await writeFile(join(home, "certs", "b.pem"), B);
  await writeFile(join(home, "certs", "c.pem"), C);
  await writeFile(join(home, "certs", "README"), "nothing");
  await mkdir(join(home, "certs", "java"));
  await symlink("c.pem", join(home, "certs", "00c00c00.0"));
  await symlink("gone.pem", join(home, "certs", "dangling.0"));
  await writeFile(join(home, "more", "a.pem"), A);
});
afterAll(async () => await rm(home, { recursive: true }));

/** A machine on which only what lies in `home` exists. */
const machine = (env: Readonly<Record<string, string>>): System => {
  const system = quietSystem(env);
  return {
    ...system,
    files: {
      ...system.files,
      read: async (path, limit) => {
        if (!path.startsWith(home)) throw Object.assign(new Error(path), { code: "ENOENT" });
        return await system.files.read(path, limit);
      },
      list: async (path) => {
        if (!path.startsWith(home)) throw Object.assign(new Error(path), { code: "ENOENT" });
        return await system.files.list(path);
      },
    },
  };
};

const rootsOf = async (env: Readonly<Record<string, string>>): Promise<readonly string[] | undefined> =>
  (await systemRoots(machine(env)))?.toSorted();
const sorted = (...list: readonly string[]): readonly string[] => [...list].sort();

test.each<[name: string, env: () => Record<string, string>, wanted: readonly string[] | undefined]>([
  [
    "SSL_CERT_FILE: what can be read of it, each once",
    () => ({ SSL_CERT_FILE: join(home, "bundle.pem") }),
    [A, B],
  ],
  ["SSL_CERT_DIR: every file, links and all", () => ({ SSL_CERT_DIR: join(home, "certs") }), [B, C]],
  [
    "several directories",
    () => ({ SSL_CERT_DIR: `${join(home, "certs")}:${join(home, "more")}` }),
    [A, B, C],
  ],
  [
    "both add up",
    () => ({ SSL_CERT_FILE: join(home, "bundle.pem"), SSL_CERT_DIR: join(home, "certs") }),
    [A, B, C],
  ],
  ["a file that is not there", () => ({ SSL_CERT_FILE: join(home, "none") }), []],
  ["a directory in place of a file", () => ({ SSL_CERT_FILE: join(home, "certs") }), []],
  ["nothing: nobody is trusted", () => ({}), []],
])("%s", async (_name, env, wanted) => {
  expect(await rootsOf(env())).toEqual(wanted === undefined ? undefined : sorted(...wanted));
});

test.each([
  ["/etc/ssl/certs/ca-certificates.crt"],
  ["/etc/pki/tls/certs/ca-bundle.crt"],
  ["/etc/ssl/ca-bundle.pem"],
  ["/etc/pki/tls/cacert.pem"],
  ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
  ["/etc/ssl/cert.pem"],
])("the bundle %s is found, and the next one is not read", async (bundle) => {
  const read: string[] = [];
  const system = quietSystem();
  const files: System["files"] = {
    ...system.files,
    read: async (path) => {
      read.push(path);
      await Promise.resolve();
      if (path === bundle) return Buffer.from(A);
      throw Object.assign(new Error(path), { code: "ENOENT" });
    },
    list: async () => await Promise.reject(Object.assign(new Error("none"), { code: "ENOENT" })),
  };
  expect(await systemRoots({ ...system, files })).toEqual([A]);
  expect(read.at(-1)).toBe(bundle);
});

test.each(["darwin", "win32"] as const)("on %s the system's store is asked, no file", async (platform) => {
  const system = machine({ SSL_CERT_FILE: join(home, "bundle.pem") });
  const roots = await systemRoots({ ...system, platform });
  expect(roots).not.toContain(A);
  expect(roots === undefined || roots.length > 0).toBe(true);
});

test("PEM: labels, headers and what stands between", () => {
  const text = `x\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n${A}-----BEGIN CERTIFICATE-----\nAAAA\n-----END OTHER-----\n`;
  expect(pemBlocks(text).map(({ label, headers }) => [label, headers])).toEqual([
    ["RSA PRIVATE KEY", true],
    ["CERTIFICATE", false],
  ]);
  expect(certificatesOf(text)).toEqual([A]);
});

test("a long text of beginnings takes no long time", () => {
  const started = process.cpuUsage().user;
  expect(pemBlocks("-----BEGIN CERTIFICATE-----\n-".repeat(30_000))).toEqual([]);
  expect(process.cpuUsage().user - started).toBeLessThan(3_000_000);
});
