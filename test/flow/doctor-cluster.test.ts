import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { epochMillis } from "../../src/base/units.ts";
import { createAuthority } from "../../src/base/x509.ts";
import { doctorScene, execUser, look, type DoctorScene } from "../doctor.ts";
import { kauth } from "../program.ts";

let scene: DoctorScene;
beforeAll(async () => {
  scene = await doctorScene();
});
afterEach(() => {
  Object.assign(scene.demo.cluster.release, { reviews: "v1", clockAhead: 0 });
  Object.assign(scene.demo.carriers, { spdy: "ok", websocket: "ok" });
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

describe("the API server", () => {
  test("nothing listens there", async () => {
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig, "--server", "https://127.0.0.1:1"]);
    expect(seen).toMatchObject({ code: 1, bad: ["connect"] });
    expect(seen.of("connect").found).toContain("CONNECTION_REFUSED");
    expect(seen.untried).toEqual(["server", "clock", "identity", "rights", "target", "carriers"]);
  });

  test("its certificate is another authority's", async () => {
    const now = Date.now();
    const life = { notBefore: epochMillis(now - 60_000), notAfter: epochMillis(now + 3_600_000) };
    const authority = createAuthority({ commonName: "somebody else", ...life }).cert;
    const seen = await look([
      "--kubeconfig",
      await scene.configWith({ user: { token: "canary" }, authority }),
    ]);
    expect(seen.bad).toEqual(["tls"]);
    expect(seen.of("tls").found).toContain("TLS_UNTRUSTED");
    expect(seen.untried).toContain("server");
  });

  test("its certificate is for another name", async () => {
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig, "--tls-server-name", "other.example"]);
    expect(seen.bad).toEqual(["tls"]);
    expect(seen.of("tls").found).toContain("other.example");
  });

  test.each([
    { ahead: 120_000, state: "warning", code: 0, says: "behind" },
    { ahead: -120_000, state: "warning", code: 0, says: "ahead of" },
    { ahead: 3_600_000, state: "bad", code: 1, says: " s behind" },
  ])("its clock is $ahead ms ahead", async ({ ahead, state, code, says }) => {
    scene.demo.cluster.release.clockAhead = ahead;
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.of("clock").state).toBe(state);
    expect(seen.of("clock").found).toContain(says);
    expect(seen.code).toBe(code);
  });

  test("it does not take the credential", async () => {
    const seen = await look([
      "svc/ui",
      "--kubeconfig",
      await scene.configWith({ user: { token: "canary-wrong" } }),
    ]);
    expect(seen.bad).toEqual(["identity"]);
    expect(seen.of("identity").found).toContain("UNAUTHORIZED");
    expect(seen.untried).toEqual(["rights", "target", "carriers", "ui"]);
    expect(seen.stdout).not.toContain("canary");
  });

  test("it does not say who one is", async () => {
    scene.demo.cluster.release.reviews = "none";
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.of("identity")).toMatchObject({ state: "warning" });
    expect(seen.code).toBe(0);
    expect(seen.of("rights/get-pods").state).toBe("ok");
  });

  test("it says who acts as whom", async () => {
    scene.demo.cluster.people.add({ username: "bob", uid: "", groups: [], rights: "create" });
    const seen = await look(["--kubeconfig", scene.demo.kubeconfig, "--as", "bob"]);
    expect(seen.of("identity").found).toContain(`bob, in system:authenticated, asked by ${scene.demo.user}`);
    expect(seen.of("rights/get-portforward").state).toBe("warning");
  });
});

describe("rights", () => {
  test("none: each is named, with the Role that gives them", async () => {
    const seen = await look(["--kubeconfig", await scene.person("t-none", "none")]);
    expect(seen.code).toBe(1);
    expect(seen.bad).toEqual([
      "rights/get-services",
      "rights/list-endpointslices",
      "rights/get-pods",
      "rights/list-pods",
      "rights/create-portforward",
    ]);
    expect(seen.warnings).toEqual(["rights/watch-pods", "rights/get-portforward"]);
    expect(seen.role).toMatchObject([{ kind: "Role" }, { kind: "RoleBinding" }]);
  });

  test.each([
    { rights: "create", code: 0, bad: [], warnings: ["rights/get-portforward", "carriers/websocket"] },
    {
      rights: "get",
      code: 1,
      bad: ["rights/create-portforward", "carriers/spdy", "carriers/websocket"],
      warnings: [],
    },
  ] as const)("only $rights on port-forwards", async ({ rights, code, bad, warnings }) => {
    const seen = await look(["--kubeconfig", await scene.person(`t-${rights}`, rights)]);
    expect(seen).toMatchObject({ code, bad, warnings });
  });

  test.each([
    { rights: "create", printed: false },
    { rights: "none", printed: true },
  ] as const)("with rights $rights the Role is printed: $printed", async ({ rights, printed }) => {
    const path = await scene.person(`t-${rights}-text`, rights);
    const { stdout } = await kauth(["doctor", "--kubeconfig", path]);
    expect(stdout).toContain("kauth doctor --print-role prints");
    expect(stdout.includes("kind: Role")).toBe(printed);
  });

  test("--print-role prints a Role and its binding, and nothing else", async () => {
    const path = await scene.person("t-role", "none");
    const ended = await kauth(["doctor", "--kubeconfig", path, "--print-role", "-n", "other"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const documents = parseAllDocuments(ended.stdout);
    const [role, binding] =
      "empty" in documents ? [] : documents.map((each) => each.toJS() as Record<string, unknown>);
    expect(role).toMatchObject({ kind: "Role", metadata: { namespace: "other" } });
    expect(binding).toMatchObject({ kind: "RoleBinding", subjects: [{ kind: "User" }] });
    const text = await kauth(["doctor", "--kubeconfig", path]);
    expect(text.stdout).toContain("\n# The Role that kauth open needs here");
    expect(text.stdout.match(/--print-role/g)).toHaveLength(1);
  });

  test("--print-role fails where nobody knows for whom", async () => {
    const ended = await kauth([
      "doctor",
      "--kubeconfig",
      await scene.configWith({ user: { token: "canary" } }),
      "--print-role",
    ]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("UNAUTHORIZED");
    expect(ended.stderr).not.toContain("canary");
  });
});

describe("the way into the pod", () => {
  test("one carrier is refused", async () => {
    scene.demo.carriers.spdy = "forbidden";
    const seen = await look(["http://ui.svc/api/me", "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen).toMatchObject({ code: 0, warnings: ["carriers/spdy"] });
    expect(seen.of("carriers/spdy").next).toContain("--tunnel websocket");
    expect(seen.of("ui/person").state).toBe("ok");
  });

  test("both are", async () => {
    Object.assign(scene.demo.carriers, { spdy: "forbidden", websocket: "forbidden" });
    const seen = await look(["svc/ui", "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen).toMatchObject({ code: 1, bad: ["carriers/spdy", "carriers/websocket"], untried: ["ui"] });
  });

  test.each([
    { target: "svc/nothing", bad: "target", says: "NOT_FOUND" },
    { target: "svc/notready", bad: "target", says: "NO_READY_POD" },
    { target: "pod/ui-1:9", bad: "ui", says: "PORT_REFUSED" },
    { target: "http://ui.svc/status/401", bad: "ui/person", says: "does not take your token" },
    { target: "http://ui.svc/status/500", bad: "ui/stranger", says: "failing" },
    { target: "http://ui.svc/reset?how=none", bad: "ui", says: "UPSTREAM_CUT" },
    { target: "https://ui.svc:80", bad: "ui", says: "UPSTREAM_TLS" },
  ])("$target", async ({ target, bad, says }) => {
    const seen = await look([target, "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.code).toBe(1);
    expect(seen.bad).toContain(bad);
    expect(seen.of(bad).found).toContain(says);
  });

  test.each([
    { target: "http://ui.svc/status/403", id: "ui/person", says: "may not see this" },
    {
      target: "http://ui.svc/redirect?to=/login",
      id: "ui/person",
      says: "302 Found to /login, as without the token",
    },
    { target: "http://ui.svc/no-such-page", id: "ui/stranger", says: "no such page" },
  ])("$target is a warning", async ({ target, id, says }) => {
    const seen = await look([target, "--kubeconfig", scene.demo.kubeconfig]);
    expect(seen.code).toBe(0);
    expect(seen.of(id).state).toBe("warning");
    expect(seen.of(id).found).toContain(says);
  });

  test.each([
    { args: ["a", "b"], says: "2 targets" },
    { args: ["cm/ui"], says: "TARGET_INVALID" },
    { args: ["-o", "yaml"], says: "json" },
  ])("$args is refused", async ({ args, says }) => {
    const ended = await kauth(["doctor", ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
  });
});

test("no secret is printed, at any verbosity, whatever fails", async () => {
  const secrets = {
    token: "canary-token",
    password: "canary-password",
    key: "canary-key",
  };
  const broken = await scene.configWith({
    user: {
      "client-certificate-data": Buffer.from("no PEM").toString("base64"),
      "client-key-data": Buffer.from(secrets.key).toString("base64"),
    },
  });
  const paths = [
    await scene.person(secrets.token),
    await scene.configWith({ user: { token: secrets.token } }),
    await scene.configWith({ user: { username: "u", password: secrets.password } }),
    await scene.configWith({
      user: execUser("sh", ["-c", `echo token=${secrets.token}; echo Bearer ${secrets.token} >&2; exit 1`]),
    }),
    broken,
  ];
  for (const path of paths)
    for (const format of ["text", "json"])
      for (const args of [
        ["doctor", "svc/ui", "-o", format],
        ["whoami", "-o", format],
      ]) {
        const ended = await kauth([...args, "--kubeconfig", path, "-v=9"]);
        for (const secret of [...Object.values(secrets), Buffer.from(secrets.key).toString("base64")])
          expect(ended.stdout + ended.stderr).not.toContain(secret);
        expect(ended.stderr).not.toContain("fault of its own");
      }
});
