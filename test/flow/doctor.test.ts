import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctorScene, execUser, look, type DoctorScene } from "../doctor.ts";
import { unsignedJwt, writeKubeconfig } from "../kubeconfigs.ts";
import { kauth } from "../program.ts";

let scene: DoctorScene;
beforeAll(async () => {
  scene = await doctorScene();
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

describe("when all is well", () => {
  test("each step is told, and the exit status is 0", async () => {
    const seen = await look(["svc/ui", "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.bad).toEqual([]);
    expect(seen.warnings).toEqual([]);
    expect(seen.untried).toEqual([]);
    expect(seen).toMatchObject({ code: 0, ok: true, role: undefined });
    expect(seen.findings.map(({ id }) => id)).toEqual([
      "files",
      "merge",
      "context",
      "validation",
      "policy",
      "ownership",
      "plugin",
      "credential",
      "expiry",
      "token",
      "reach",
      "proxy",
      "tls",
      "server",
      "clock",
      "identity",
      "rights/get-services",
      "rights/list-endpointslices",
      "rights/get-pods",
      "rights/list-pods",
      "rights/watch-pods",
      "rights/create-portforward",
      "rights/get-portforward",
      "target",
      "carriers/spdy",
      "carriers/websocket",
      "ui/stranger",
      "ui/person",
    ]);
    expect(seen.of("identity").found).toContain(scene.demo.user);
    expect(seen.of("server").found).toContain("v1.35.0-demo");
    expect(seen.of("expiry").found).toMatch(/it ends in \d+ s/);
  });

  test("the UI is asked as a stranger and as the person", async () => {
    const from = scene.demo.app.requests.length;
    const seen = await look(["http://ui.svc/api/me", "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.code).toBe(0);
    expect(seen.of("ui/stranger").found).toContain("GET /api/me: 401 Unauthorized");
    expect(seen.of("ui/person").found).toContain("GET /api/me: 200 OK: you are signed in");
    expect(
      scene.demo.app.requests
        .slice(from)
        .map(({ user, authorizations, host }) => ({ user, authorizations, host })),
    ).toEqual([
      { user: undefined, authorizations: 0, host: "ui.apps.svc" },
      { user: scene.demo.user, authorizations: 1, host: "ui.apps.svc" },
    ]);
    const secure = await look(["https://ui.svc/api/me", "--kubeconfig", scene.demo.kubeconfig]);
    expect(secure.of("target").found).toContain("8443 (https)");
    expect(secure.of("ui/person").found).toContain("you are signed in");
  });

  test("without TARGET no UI is asked, and nothing reaches a port", async () => {
    const from = scene.demo.app.requests.length;
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig]);
    expect(seen).toMatchObject({ code: 0, ok: true });
    expect(seen.of("target").state).toBe("none");
    expect(seen.of("carriers/websocket").state).toBe("ok");
    expect(seen.findings.some(({ id }) => id.startsWith("ui"))).toBe(false);
    expect(scene.demo.app.requests.length).toBe(from);
  });

  test("as text there is a mark and a line for each", async () => {
    const ended = await kauth(["doctor", "svc/ui", "--kubeconfig", scene.demo.kubeconfig]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const lines = ended.stdout.trimEnd().split("\n");
    expect(lines.length).toBe(28);
    expect(lines.every((line) => /^[✓–] \S/.test(line))).toBe(true);
  });
});

describe("this machine", () => {
  test.each([
    {
      name: "a kubeconfig that is not there",
      args: ["--kubeconfig", "/nowhere"],
      bad: "files",
      says: "KUBECONFIG_MISSING",
    },
    { name: "a context that is not there", args: ["--context", "nope"], bad: "context", says: "nope" },
    { name: "a user that is not there", args: ["--user", "nope"], bad: "validation", says: "nope" },
    {
      name: "a proxy policy that contradicts itself",
      args: ["--kuberc", "/nowhere"],
      bad: "policy",
      says: "KUBERC_INVALID",
    },
  ])("$name: what comes after it is not tried", async ({ args, bad, says }) => {
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig, ...args]);
    expect(seen).toMatchObject({ code: 1, ok: false, bad: [bad] });
    expect(seen.of(bad).found + seen.of(bad).next).toContain(says);
    expect(seen.untried).toContain("identity");
    expect(seen.of("identity").found).toContain("not tried");
  });

  test("no kubeconfig at all", async () => {
    const seen = await look([], { KUBECONFIG: join(scene.home, "none") });
    expect(seen.code).toBe(1);
    expect(seen.of("files")).toMatchObject({ state: "warning" });
    expect(seen.bad).toEqual(["validation"]);
  });

  test("entries that another file hides are named, whole files that are missing too", async () => {
    const first = await scene.configWith({ user: { token: "first" } });
    const second = await scene.person("second");
    const seen = await look([], { KUBECONFIG: [first, join(scene.home, "none"), second].join(":") });
    expect(seen.of("files").found).toContain(`(not there: ${join(scene.home, "none")})`);
    expect(seen.of("merge").state).toBe("warning");
    expect(seen.of("merge").found).toContain(`user "person" of ${second} is hidden by ${first}`);
    expect(seen.of("identity").state).toBe("bad");
  });

  test("faults of entries that nobody uses are warnings", async () => {
    const path = join(scene.home, "faulty");
    const config = {
      "current-context": "demo",
      clusters: [
        { name: "demo", cluster: { server: scene.demo.cluster.server, "insecure-skip-tls-verify": true } },
      ],
      users: [],
      contexts: [
        { name: "demo", context: { cluster: "demo" } },
        { name: "old", context: { cluster: "gone", user: "gone" } },
      ],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    const seen = await look(["--kubeconfig", path]);
    expect(seen.of("faults").state).toBe("warning");
    expect(seen.of("faults").next).toContain("what is selected first");
    expect(seen.of("credential")).toMatchObject({ state: "bad", found: "nothing that identifies you" });
    expect(seen.of("faults").found).toContain('cluster "gone" was not found for context "old"');
    expect(seen.of("tls").state).toBe("warning");
    expect(seen.of("tls").found).toContain("insecure-skip-tls-verify");
  });
});

describe("the credential", () => {
  test.each([
    {
      name: "a plugin that is not installed",
      user: execUser("no-such-plugin"),
      bad: "plugin",
      says: "EXEC_NOT_FOUND",
      credential: "untried",
    },
    {
      name: "a plugin that fails",
      user: execUser("sh", ["-c", "echo log in first >&2; exit 3"]),
      bad: "credential",
      says: "log in first",
      credential: "bad",
    },
    {
      name: "a plugin that prints nonsense",
      user: execUser("echo", ["canary"]),
      bad: "credential",
      says: "EXEC_OUTPUT_INVALID",
      credential: "bad",
    },
  ])("$name", async ({ user, bad, says, credential }) => {
    const seen = await look(["--kubeconfig", await scene.configWith({ user })]);
    expect(seen).toMatchObject({ code: 1, bad: [bad] });
    expect(seen.of("credential").state).toBe(credential);
    expect(seen.of("plugin").state).not.toBe("ok");
    expect(seen.of("ownership").state).toBe("ok");
    expect(seen.of(bad).found).toContain(says);
    expect(seen.stdout + seen.stderr).not.toContain("canary");
    expect(seen.untried).toContain("server");
  });

  test("a plugin that a kuberc forbids", async () => {
    const kuberc = join(scene.home, "kuberc");
    await writeFile(
      kuberc,
      "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n",
    );
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig, "--kuberc", kuberc]);
    expect(seen.of("policy").found).toContain("no credential plugin may run");
    expect(seen.bad).toEqual(["plugin"]);
    expect(seen.of("plugin").found).toContain("DenyAll");
  });

  test("a kubeconfig that everybody can write", async () => {
    const open = join(scene.home, "open");
    await mkdir(open, { mode: 0o755 });
    const path = await writeKubeconfig(scene.demo, open, "config", { user: execUser("true"), mode: 0o600 });
    await chmod(path, 0o666);
    const seen = await look(["--kubeconfig", path]);
    expect(seen.bad).toEqual(["ownership"]);
    expect(seen.of("ownership").found).toContain("KUBECONFIG_WRITABLE");
    expect(seen.of("plugin").state).toBe("untried");
    const allowed = await look(["--kubeconfig", path, "--allow-writable-kubeconfig"]);
    expect(allowed.of("ownership").state).toBe("warning");
  });

  test("a user whom the kubeconfig does not have is named", async () => {
    const path = await scene.configWith({ user: {} });
    await writeFile(path, (await readFile(path, "utf8")).replace('"user":"person"', '"user":"alicia"'));
    const seen = await look(["--kubeconfig", path]);
    expect(seen.bad).toContain("credential");
    expect(seen.of("credential").found).toContain('the user "alicia", whom the kubeconfig does not have');
  });

  test.each([
    { mode: 0o644, user: { token: "t" }, state: "warning", says: "others may read the credential in" },
    { mode: 0o666, user: execUser("true"), state: "warning", says: "others may write" },
    { mode: 0o644, user: execUser("true"), state: "ok", says: "" },
    { mode: 0o600, user: { token: "t" }, state: "ok", says: "" },
  ])("a kubeconfig of mode $mode with $user is $state", async ({ mode, user, state, says }) => {
    const path = await scene.configWith({ user });
    await chmod(path, mode);
    const seen = await look(["--kubeconfig", path, "-s", "https://127.0.0.1:1"]);
    expect(seen.of("files").state).toBe(state);
    expect(seen.of("files").found).toContain(says);
  });

  test("as text what could not be tried is one line, and a certificate is named once", async () => {
    const ended = await kauth(["doctor", "--kubeconfig", scene.demo.kubeconfig, "-s", "https://127.0.0.1:1"]);
    expect(ended.stdout.match(/not tried/g)).toHaveLength(1);
    expect(ended.stdout).toContain(
      "– not tried      API server, clock, whoami, rights, target, port-forward: ",
    );
  });

  test("a JWT is read, and its end too", async () => {
    const token = unsignedJwt({ iss: "https://issuer.example", aud: "kube", sub: "u-1", exp: 1_000_000_000 });
    const seen = await look(["--kubeconfig", await scene.configWith({ user: { token } })]);
    expect(seen.of("expiry")).toMatchObject({ state: "bad" });
    expect(seen.of("expiry").found).toContain("2001-09-09T01:46:40Z");
    expect(seen.of("token").found).toContain("issuer https://issuer.example, audience kube, subject u-1");
    expect(seen.of("identity").state).toBe("bad");
    expect(seen.stdout).not.toContain(token);
  });

  test("a token of EKS is shown without what is secret in it", async () => {
    const url =
      "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-1%2Fsts%2Faws4_request" +
      "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Security-Token=canary-session&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=canary-signature";
    const path = await scene.person(`k8s-aws-v1.${Buffer.from(url).toString("base64url")}`);
    const seen = await look(["--kubeconfig", path, "-v=9"]);
    for (const text of [
      "sts.eu-west-1.amazonaws.com",
      "region eu-west-1",
      "is signed",
      "2026-01-01T00:00:00Z",
      "X-Amz-Expires 60",
      "AKIDEXAMPLE",
    ])
      expect(seen.of("token").found).toContain(text);
    expect(seen.of("token").state).toBe("ok");
    // AWS takes it for 15 minutes, whatever X-Amz-Expires says.
    expect(seen.of("expiry")).toMatchObject({ state: "bad", found: "it ended at 2026-01-01T00:15:00Z" });
    expect(seen.stdout + seen.stderr).not.toMatch(/canary|k8s-aws-v1\./);
  });

  test("a token that is good beyond the cluster is named, and not sent to the UI unasked", async () => {
    const path = await scene.person("ya29.canary-google");
    const from = scene.demo.app.requests.length;
    const seen = await look(["http://ui.svc/api/me", "--kubeconfig", path]);
    expect(seen.of("reach").state).toBe("warning");
    expect(seen.of("ui/person")).toMatchObject({ state: "none" });
    expect(scene.demo.app.requests.slice(from).map(({ authorizations }) => authorizations)).toEqual([0]);
    const sent = await look(["http://ui.svc/api/me", "--kubeconfig", path, "--send-token-to-pod"]);
    expect(sent.of("ui/person").found).toContain("signed in");
    expect(seen.stdout + sent.stdout).not.toContain("canary");
  });

  test("without a token the way to a UI ends there, and only there", async () => {
    const user = { username: "alice", password: "canary-password" };
    const seen = await look(["svc/ui", "--kubeconfig", await scene.configWith({ user })]);
    expect(seen.bad).toContain("token");
    expect(seen.of("token").found).toContain("user name and password");
    expect(seen.stdout).not.toContain("canary");
    const without = await look(["--kubeconfig", await scene.configWith({ user })]);
    expect(without.of("token").state).toBe("warning");
  });
});
