import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { startProvider, type TestProvider } from "../test/oidc/provider.ts";
import { kauth } from "../test/program.ts";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

const run = promisify(execFile);

let kit: Kit;
let directory: string;
beforeAll(async () => {
  kit = await openKit();
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A kubeconfig of the cluster with this user. */
const kubeconfigOf = async (name: string, user: unknown): Promise<string> => {
  const text = await readFile(kit.kubeconfig("alice-token"), "utf8");
  const file = parse(text) as { users: { user: unknown }[] };
  for (const entry of file.users) entry.user = user;
  const path = join(directory, name);
  await writeFile(path, stringify(file), { mode: 0o600 });
  return path;
};

/** `user` and `groups` that the API server sees. */
const whoAmI = async (...args: readonly string[]): Promise<{ user: string; groups: string[] }> => {
  const { code, stdout, stderr } = await kauth(["whoami", "-o", "json", ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as { user: string; groups: string[] };
};

describe("acting as somebody else", () => {
  test("a client certificate with --as", async () => {
    const from = await kit.auditSize();
    const who = await whoAmI("--kubeconfig", kit.kubeconfig("admin"), "--as", "alice", "--as-group", "devs");
    expect(who.user).toBe("alice");
    expect(who.groups).toContain("devs");
    const reviews = (await kit.audit(from)).filter((event) => event.uri.includes("selfsubjectreviews"));
    const line = reviews.find((event) => event.line.includes("impersonatedUser"))?.line;
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      user: { username: "admin" },
      impersonatedUser: { username: "alice", groups: expect.arrayContaining(["devs"]) },
    });
  });

  test("a kubeconfig that impersonates: the UI and the API server see alice", async () => {
    const from = await kit.auditSize();
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("impersonate")]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "alice", authorizationHeaderCount: 1 });
    const forwarded = (await kit.audit(from)).find((event) => event.uri.includes("/portforward"))?.line;
    expect(JSON.parse(forwarded ?? "{}")).toMatchObject({
      user: { username: "impersonator" },
      impersonatedUser: { username: "alice" },
    });
  });

  test("the browser cannot choose whom", async () => {
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("impersonate")]);
    const headers = { "Impersonate-User": "bob", "impersonate-group": "system:masters" };
    const answer = await ui.fetch({ path: "/api/me", headers });
    expect(JSON.parse(answer.text)).toMatchObject({ user: "alice" });
  });

  test("whoever may not impersonate is told so", async () => {
    const { code, stderr } = await kauth([
      "whoami",
      "--kubeconfig",
      kit.kubeconfig("alice-token"),
      "--as",
      "bob",
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/impersonate/);
  });
});

test("a credential plugin that gives a certificate", async () => {
  const prefix = join(directory, "grace");
  const wishes = `--pki ${kit.pki} --user grace --groups devs --ttl 10m --out ${prefix}`;
  await run(kit.kubekit, ["cert", ...wishes.split(" ")]);
  const status = {
    clientCertificateData: await readFile(`${prefix}.crt`, "utf8"),
    clientKeyData: await readFile(`${prefix}.key`, "utf8"),
  };
  const apiVersion = "client.authentication.k8s.io/v1";
  await writeFile(
    join(directory, "grace.json"),
    JSON.stringify({ apiVersion, kind: "ExecCredential", status }),
  );
  const kubeconfig = await kubeconfigOf("grace-config", {
    exec: { apiVersion, command: "cat", args: [join(directory, "grace.json")], interactiveMode: "Never" },
  });
  const who = await whoAmI("--kubeconfig", kubeconfig);
  expect(who).toMatchObject({ user: "grace", groups: expect.arrayContaining(["devs"]) });
  // A certificate ends at the API server: nothing of it can sign in to a UI.
  const { code, stderr } = await kauth(["open", "svc/ui", "-n", "apps", "--kubeconfig", kubeconfig]);
  expect(code).toBe(2);
  expect(stderr).toContain("NO_BEARER_TOKEN");
});

test("a token of a TokenRequest", async () => {
  const token = (await kit.admin("-n", "apps", "create", "token", "viewer")).trim();
  const kubeconfig = await kubeconfigOf("viewer-config", { token });
  await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kubeconfig]);
  expect(await ui.json("/api/me")).toMatchObject({ user: "system:serviceaccount:apps:viewer" });
  expect(ui.ready["expiresAt"]).toMatch(/^\d{4}-/);
});

describe("auth-provider oidc", () => {
  let provider: TestProvider;
  beforeAll(async () => {
    provider = await startProvider({ account: "erin", groups: ["devs"], life: 30, directory });
    await kit.trustIssuer(provider.issuer, provider.caFile, provider.clientId);
  });
  afterAll(async () => {
    await kit.trustIssuer("--remove", provider.issuer);
    await provider[Symbol.asyncDispose]();
  });

  test("refreshes, keeps the new tokens in the kubeconfig, and signs in as that user", async () => {
    const refreshToken = await provider.refreshToken();
    const kubeconfig = await kubeconfigOf("erin-config", {
      "auth-provider": {
        name: "oidc",
        config: {
          "idp-issuer-url": provider.issuer,
          "client-id": provider.clientId,
          "client-secret": provider.clientSecret,
          "idp-certificate-authority": provider.caFile,
          "refresh-token": refreshToken,
        },
      },
    });
    const from = await kit.auditSize();
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kubeconfig]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "oidc:erin" });
    expect(ui.ready["user"]).toBe("oidc:erin");
    const asked = (await kit.audit(from)).filter((event) => event.user === "oidc:erin");
    expect(asked.some((event) => event.uri.includes("/portforward"))).toBe(true);
    expect(asked.some((event) => event.userAgent === "kauth-cluster-app")).toBe(true);
    const written = await readFile(kubeconfig, "utf8");
    expect(written).toContain("id-token");
    expect(written, "the provider replaces a refresh token that was used").not.toContain(refreshToken);
    expect(provider.tokenRequests).toBe(1);
    // Another program goes on from what was written.
    expect((await whoAmI("--kubeconfig", kubeconfig)).user).toBe("oidc:erin");
    expect(provider.tokenRequests).toBe(1);
    const { stdout } = await run(kit.kubectl, [
      "--kubeconfig",
      kubeconfig,
      "-n",
      "apps",
      "get",
      "pods",
      "-o",
      "name",
    ]);
    expect(stdout).toContain("pod/ui-");
  });
});
