import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clientConfig, quietSystem } from "../../test/api-server.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { clusterCa } from "./tls.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const NO_PEM = "unable to load root certificates: unable to parse bytes as PEM block";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-ca-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const caOf = async (cluster: Partial<Cluster>): Promise<string | undefined> =>
  await clusterCa(clientConfig("https://api.test", cluster).cluster, quietSystem());

test("nothing named means the system's roots", async () => {
  expect(await caOf({})).toBeUndefined();
});

test("data wins over a file, which is not even read", async () => {
  const missing = join(directory, "missing");
  expect(await caOf({ certificateAuthorityData: PEM, certificateAuthority: missing })).toBe(PEM);
});

test("a file is read", async () => {
  const path = join(directory, "ca.crt");
  await writeFile(path, PEM);
  expect(await caOf({ certificateAuthority: path })).toBe(PEM);
});

test("a file that is missing is named", async () => {
  const path = join(directory, "missing");
  await expect(caOf({ certificateAuthority: path })).rejects.toMatchObject({
    code: "CLIENT_CONFIG_INVALID",
    message: expect.stringContaining(`unable to read certificate-authority ${path} due to`) as string,
  });
});

// An empty bundle must trust nothing; it must never become the system's roots.
test.each([
  ["nothing", ""],
  ["text", "hello"],
  ["a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
])("%s in place of certificates is refused, from data and file", async (_name, text) => {
  const path = join(directory, "ca.crt");
  await writeFile(path, text);
  const wanted = { code: "CLIENT_CONFIG_INVALID", message: NO_PEM };
  await expect(caOf({ certificateAuthorityData: text })).rejects.toMatchObject(wanted);
  await expect(caOf({ certificateAuthority: path })).rejects.toMatchObject(wanted);
});

test("a file without an end is not read to it", async () => {
  await expect(caOf({ certificateAuthority: "/dev/zero" })).rejects.toMatchObject({ exit: 2 });
});
