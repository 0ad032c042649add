import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { open } from "../test/opened.ts";
import { CONFIDENTIAL } from "../test/oidc/certified.ts";
import { scene, type Scene } from "../test/oidc/scene.ts";
import { openKit, type Kit } from "./kit.ts";

/** A person signs in with OpenID Connect as kubectl's users do, and the API server's own log says as whom. */

const run = promisify(execFile);

let kit: Kit;
let made: Scene;
let bin: string;
beforeAll(async () => {
  kit = await openKit();
  made = await scene({ https: true });
  bin = await mkdtemp(join(tmpdir(), "kauth-e2e-bin-"));
  for (const name of ["kubectl-oidc_login", "kauth"]) {
    const entry = join(dirname(import.meta.dirname), "dist", "cli", "bin", `${name}.js`);
    await chmod(entry, 0o755);
    await symlink(entry, join(bin, name));
  }
  await kit.trustIssuer(made.provider.issuer, made.provider.caFile ?? "", "kubernetes");
});
afterAll(async () => {
  await kit.trustIssuer("--remove", made.provider.issuer);
  await made[Symbol.asyncDispose]();
  await rm(bin, { recursive: true, force: true });
});

/** Our Node first, so that the plugin's first line finds it. */
const plugins = (): Readonly<Record<string, string>> => ({
  PATH: [bin, dirname(process.execPath), dirname(kit.kubectl), process.env["PATH"]].join(delimiter),
});
const environment = (): Readonly<Record<string, string>> => ({
  ...plugins(),
  HOME: made.home,
  KAUTH_HOME: join(made.home, "kauth"),
});

/** A kubeconfig of the cluster whose one user is empty. */
const emptyKubeconfig = async (name: string, user: unknown = {}): Promise<string> => {
  const file = parse(await readFile(kit.kubeconfig("alice-token"), "utf8")) as {
    users: { name: string; user: unknown }[];
    contexts: { context: { user: string; namespace?: string } }[];
  };
  for (const entry of file.users) Object.assign(entry, { name: "oidc", user });
  for (const { context } of file.contexts) context.user = "oidc";
  const path = join(made.home, name);
  await writeFile(path, stringify(file), { mode: 0o600 });
  return path;
};

/** The user as kubelogin's documents have it: nothing in it is kauth's. */
const kubeloginUser = (command: string, args: readonly string[], apiVersion = "v1"): unknown => ({
  exec: {
    apiVersion: `client.authentication.k8s.io/${apiVersion}`,
    command,
    args,
    interactiveMode: "IfAvailable",
  },
});

const getToken = (): readonly string[] => [
  "get-token",
  `--oidc-issuer-url=${made.provider.issuer}`,
  "--oidc-client-id=kubernetes",
  "--oidc-extra-scope=groups",
  `--certificate-authority=${made.provider.caFile}`,
  `--token-cache-dir=${made.cache}`,
  `--browser-command=${made.browserCommand}`,
  "--listen-address=127.0.0.1:0",
];

const pods = async (kubeconfig: string): Promise<string> =>
  (
    await run(kit.kubectl, ["--kubeconfig", kubeconfig, "-n", "apps", "get", "pods", "-o", "name"], {
      env: environment(),
      timeout: 120_000,
    })
  ).stdout;

/** Somebody else reads the same log; only this user's lines count. */
const asked = async (from: number): Promise<readonly string[]> =>
  (await kit.audit(from))
    .filter(({ user }) => user === "oidc:alice")
    .map(({ verb, uri }) => `${verb} ${uri}`);

describe("kubectl", () => {
  test("get pods with `kubectl oidc-login get-token`: one sign-in, and the audit log shows who", async () => {
    const kubeconfig = await emptyKubeconfig(
      "plugin",
      kubeloginUser("kubectl", ["oidc-login", ...getToken()]),
    );
    const from = await kit.auditSize();
    expect(await pods(kubeconfig)).toContain("pod/ui-");
    expect(await asked(from)).toContainEqual(expect.stringContaining("/api/v1/namespaces/apps/pods"));
    expect(await made.opened()).toBe(1);
    const times = made.provider.count("/token");
    expect(await pods(kubeconfig)).toContain("pod/ui-");
    expect(await made.opened()).toBe(1);
    expect(made.provider.count("/token")).toBe(times);
  });

  test("get pods with the plugin itself, by client.authentication.k8s.io/v1beta1", async () => {
    const kubeconfig = await emptyKubeconfig(
      "plugin-direct",
      kubeloginUser("kubectl-oidc_login", getToken(), "v1beta1"),
    );
    expect(await pods(kubeconfig)).toContain("pod/ui-");
  });

  test("four at once with nothing cached: one sign-in", async () => {
    const cold = join(made.home, "cold");
    await mkdir(cold, { mode: 0o700 });
    const words = getToken().map((word) =>
      word.startsWith("--token-cache-dir") ? `--token-cache-dir=${cold}` : word,
    );
    const kubeconfig = await emptyKubeconfig(
      "plugin-cold",
      kubeloginUser("kubectl", ["oidc-login", ...words]),
    );
    const before = made.provider.count("/auth");
    const all = await Promise.all(Array.from({ length: 4 }, async () => await pods(kubeconfig)));
    for (const one of all) expect(one).toContain("pod/ui-");
    expect(made.provider.count("/auth")).toBe(before + 1);
  });
});

describe("kauth open", () => {
  test("with the same user through the plugin", async () => {
    const kubeconfig = await emptyKubeconfig(
      "open-plugin",
      kubeloginUser("kubectl", ["oidc-login", ...getToken()]),
    );
    const from = await kit.auditSize();
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kubeconfig], { env: plugins() });
    expect(await ui.json("/api/me")).toMatchObject({ user: "oidc:alice" });
    expect(await asked(from)).toContainEqual(expect.stringContaining("/portforward"));
    for (const secret of made.provider.secrets) expect(ui.stderr()).not.toContain(secret);
  });
});

describe("a kubeconfig from `kauth oidc setup --write`", () => {
  let kubeconfig: string;
  beforeAll(async () => {
    kubeconfig = await emptyKubeconfig("from-setup");
    const { contexts } = parse(await readFile(kubeconfig, "utf8")) as { contexts: { name: string }[] };
    const { stderr } = await run(
      join(bin, "kauth"),
      [
        "oidc",
        "setup",
        "--write",
        `--kubeconfig=${kubeconfig}`,
        `--context=${contexts[0]?.name}`,
        "--user=signed-in",
        ...getToken().filter((word) => word !== "get-token" && !word.startsWith("--token-cache-dir")),
      ],
      { env: environment(), timeout: 120_000 },
    );
    for (const secret of made.provider.secrets) expect(stderr).not.toContain(secret);
  });

  test("kubectl get pods", async () => {
    const before = made.provider.count("/auth");
    const from = await kit.auditSize();
    expect(await pods(kubeconfig)).toContain("pod/ui-");
    expect(await asked(from)).toContainEqual(expect.stringContaining("/api/v1/namespaces/apps/pods"));
    expect(made.provider.count("/auth")).toBe(before + 1);
  });

  test("kauth open signs in in process: with this PATH nothing could start the plugin", async () => {
    await expect(run(join(bin, "kauth"), ["version"], { env: { PATH: bin } })).rejects.toMatchObject({
      code: 127,
    });
    const before = made.provider.count("/auth");
    const from = await kit.auditSize();
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kubeconfig], { env: { PATH: bin } });
    expect(await ui.json("/api/me")).toMatchObject({ user: "oidc:alice" });
    expect(await asked(from)).toContainEqual(expect.stringContaining("/portforward"));
    expect(made.provider.count("/auth")).toBe(before + 1);
    for (const secret of made.provider.secrets) expect(ui.stderr()).not.toContain(secret);
  });
});

describe("kauth oidc doctor", () => {
  interface Finding {
    readonly id: string;
    readonly state: string;
    readonly found: string;
  }
  const look = async (...words: readonly string[]): Promise<readonly Finding[]> => {
    const command = [join(bin, "kauth"), ["oidc", "doctor", "-o", "json", ...words]] as const;
    const { stdout } = await run(...command, { env: environment(), timeout: 120_000 }).catch(
      (error: { readonly stdout: string }) => error,
    );
    return (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
  };
  const of = (findings: readonly Finding[], id: string): Finding | undefined =>
    findings.find((each) => each.id === id);

  test("says who you are there", async () => {
    const kubeconfig = await emptyKubeconfig("doctor", kubeloginUser("kubectl-oidc_login", getToken()));
    const findings = await look(`--kubeconfig=${kubeconfig}`);
    expect(findings.filter(({ state }) => state === "bad")).toEqual([]);
    expect(of(findings, "cluster")?.found).toContain("you are oidc:alice, in oidc:devs");
  });

  test("names the audience that a real API server refuses, with its own settings", async () => {
    const config = join(made.home, "authentication.yaml");
    await writeFile(
      config,
      stringify({
        apiVersion: "apiserver.config.k8s.io/v1beta1",
        kind: "AuthenticationConfiguration",
        jwt: [
          {
            issuer: { url: made.provider.issuer, audiences: ["kubernetes"] },
            claimMappings: { username: { claim: "sub", prefix: "oidc:" } },
          },
        ],
      }),
    );
    const words = getToken().map((word) =>
      word.startsWith("--oidc-client-id") ? `--oidc-client-id=${CONFIDENTIAL.id}` : word,
    );
    const args = [...words, `--oidc-client-secret=${CONFIDENTIAL.secret}`];
    const kubeconfig = await emptyKubeconfig("doctor-refused", kubeloginUser("kubectl-oidc_login", args));
    const findings = await look(`--kubeconfig=${kubeconfig}`, `--api-server-config=${config}`);
    expect(findings.filter(({ state }) => state === "bad").map(({ id }) => id)).toEqual([
      "cluster",
      "refusal/audience",
    ]);
    expect(of(findings, "refusal/audience")?.found).toContain(
      `for "${CONFIDENTIAL.id}" (aud), and the API server takes "kubernetes"`,
    );
    expect(JSON.stringify(findings)).not.toContain(CONFIDENTIAL.secret);
  });
});
