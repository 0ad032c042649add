import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { run } from "../run.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-init-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const init = async (
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly err: string }> => {
  await using under = await recorded();
  const status = await run({
    args: ["iam", "init", ...args],
    program: "kauth",
    signal: new AbortController().signal,
    system: (level) => ({ ...under.system(level), cwd: directory }),
  });
  return { status, err: under.err.join("\n") };
};
const read = async (name: string): Promise<string> => await readFile(join(directory, name), "utf8");

describe("kauth iam init", () => {
  test("writes a pair and a kubeconfig that trusts it, and says where they go", async () => {
    const { status, err } = await init("-i", "c", "--hostname", "api.example", "--address", "192.0.2.1");
    expect(status).toBe(0);
    const certificate = new X509Certificate(await read("cert.pem"));
    // Its address counts, which is the reference's defect D3.
    expect(certificate.subjectAltName).toBe("DNS:api.example, IP Address:192.0.2.1");
    expect(certificate.subject).toBe("CN=aws-iam-authenticator");
    expect((await stat(join(directory, "key.pem"))).mode & 0o777).toBe(0o600);
    const kubeconfig = await read("aws-iam-authenticator.kubeconfig");
    expect(kubeconfig).toContain("server: https://api.example:21362/authenticate");
    expect(kubeconfig).toContain(Buffer.from(await read("cert.pem")).toString("base64"));
    expect(err).toContain(
      "--authentication-token-webhook-config-file=/etc/kubernetes/aws-iam-authenticator/kubeconfig.yaml",
    );
  });

  test("takes a pair that is there", async () => {
    await init("-i", "c");
    const before = await read("cert.pem");
    await init("-i", "c");
    expect(await read("cert.pem")).toBe(before);
  });

  test("with its gate, where the server looks", async () => {
    const kubeconfig = join(directory, "kube", "webhook.yaml");
    const words = [
      "--feature-gates",
      "ConfiguredInitDirectories=true",
      "--state-dir",
      join(directory, "state"),
    ];
    expect((await init("-i", "c", ...words, "--generate-kubeconfig", kubeconfig)).status).toBe(0);
    expect(await readFile(kubeconfig, "utf8")).toContain(
      Buffer.from(await read("state/ca.pem")).toString("base64"),
    );
  });

  test.each([
    { name: "no cluster id", args: [], says: "cluster ID cannot be empty" },
    { name: "a partition that is none", args: ["-i", "c", "--partition", "mars"], says: "invalid partition" },
    { name: "a port that is none", args: ["-i", "c", "--port", "70000"], says: '--port="70000" must be' },
    {
      name: "an address that is none",
      args: ["-i", "c", "--address", "here"],
      says: 'address "here" must be',
    },
    {
      name: "an id that cannot be sent",
      args: ["-i", "a\r\nHost: evil"],
      says: "must be at most 255 printable ASCII characters",
    },
  ])("$name: exit 2, and nothing is written", async ({ args, says }) => {
    const { status, err } = await init(...args);
    expect(status).toBe(2);
    expect(err).toContain(says);
    await expect(stat(join(directory, "cert.pem"))).rejects.toThrow();
  });

  test("a pair that does not fit is refused", async () => {
    await writeFile(join(directory, "cert.pem"), "nonsense");
    await writeFile(join(directory, "key.pem"), "nonsense");
    expect(await init("-i", "c")).toMatchObject({
      status: 2,
      err: expect.stringContaining("IAM_SERVER_CERTIFICATE") as string,
    });
  });
});
