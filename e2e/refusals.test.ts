import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { kauth } from "../test/program.ts";
import { openKit, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

describe("what cannot be opened says why and what to do", () => {
  test.each([
    {
      name: "a client certificate",
      user: "cert-user",
      args: ["svc/ui"],
      code: 2,
      says: ["NO_BEARER_TOKEN", "client certificate"],
    },
    {
      name: "dave, who may only get",
      user: "dave-token",
      args: ["svc/ui"],
      code: 1,
      says: ["create", "pods/portforward", "dave"],
    },
    {
      name: "carol, who may nothing",
      user: "carol-token",
      args: ["svc/ui"],
      code: 1,
      says: ["get", "services", "carol"],
    },
    {
      name: "a Service without a selector",
      user: "alice-token",
      args: ["svc/external"],
      code: 2,
      says: ["external", "selector"],
    },
    {
      name: "a Service without a ready pod",
      user: "alice-token",
      args: ["svc/notready"],
      code: 1,
      says: ["notready", "ready"],
    },
    {
      name: "a Service that is not there",
      user: "alice-token",
      args: ["svc/nothing"],
      code: 1,
      says: ["nothing", "not found"],
    },
    {
      name: "a port that the Service has not",
      user: "alice-token",
      args: ["svc/ui:81"],
      code: 2,
      says: ["81", "80"],
    },
    { name: "a target that is none", user: "alice-token", args: ["svc/"], code: 2, says: ["svc/"] },
    {
      name: "an address beyond loopback",
      user: "alice-token",
      args: ["svc/ui", "--address", "0.0.0.0:18000"],
      code: 2,
      says: ["0.0.0.0", "loopback"],
    },
    {
      name: "a context that is not there",
      user: "all",
      args: ["svc/ui", "--context", "zoe"],
      code: 2,
      says: ['context "zoe" does not exist'],
    },
  ])("$name", async ({ user, args, code, says }) => {
    const ended = await kauth([
      "open",
      ...args,
      "-n",
      "apps",
      "--skip-open-browser",
      "--kubeconfig",
      kit.kubeconfig(user),
    ]);
    expect(ended.stderr.toLowerCase()).not.toContain("kauth-test-token");
    for (const text of says) expect(ended.stderr).toContain(text);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe("");
  });

  test("a wrong authority", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
    const path = join(directory, "config");
    const text = await readFile(kit.kubeconfig("alice-token"), "utf8");
    // Another authority of the kit: well-formed, but not the one that signed the API server's certificate.
    await writeFile(
      path,
      text.replace(/certificate-authority-data: .*/, `certificate-authority: ${kit.webhookCaFile}`),
      { mode: 0o600 },
    );
    const ended = await kauth(["open", "svc/ui", "-n", "apps", "--skip-open-browser", "--kubeconfig", path]);
    expect(ended.stderr).toMatch(/certificate/i);
    expect(ended.code).toBe(1);
  });

  test("an API server that is down", async () => {
    const ended = await kauth([
      "open",
      "svc/ui",
      "-n",
      "apps",
      "--skip-open-browser",
      "--kubeconfig",
      kit.kubeconfig("alice-token"),
      "--server",
      "https://127.0.0.1:9",
    ]);
    expect(ended.stderr).toContain("127.0.0.1:9");
    expect(ended.code).toBe(1);
  });

  test("a taken port names its owner", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
    const address = squatter.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const ended = await kauth([
      "open",
      "svc/ui",
      "-n",
      "apps",
      "--skip-open-browser",
      "--address",
      `127.0.0.1:${port}`,
      "--kubeconfig",
      kit.kubeconfig("alice-token"),
    ]);
    squatter.close();
    expect(ended.stderr).toContain(String(port));
    expect(ended.stderr).toContain("belongs to a program of yours");
    expect(ended.code).toBe(1);
  });
});
