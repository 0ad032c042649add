import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo, Rights } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { kauth, type Finished } from "../program.ts";

let demo: Demo;
let home: string;
beforeAll(async () => {
  demo = await testDemo();
  home = await mkdtemp(join(tmpdir(), "kauth-test-"));
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const open = async (args: readonly string[]): Promise<Finished> =>
  await kauth(["open", "--skip-open-browser", "--address", "127.0.0.1:0", ...args]);

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly rights?: Rights;
  readonly code: number;
  readonly says: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: "a target that is to be listed", args: ["svc/ui", "--list"], code: 2, says: ["USAGE", "--list"] },
  { name: "two targets at one address", args: ["a", "b", "--origin=ip"], code: 2, says: ["2 targets"] },
  { name: "an unknown option", args: ["svc/ui", "--adress", "x"], code: 2, says: ["--adress", "--address"] },
  { name: "an unknown kind", args: ["cm/ui"], code: 2, says: ["TARGET_INVALID", "cm"] },
  {
    name: "a Deployment whose pods have two ports",
    args: ["deploy/ui"],
    code: 2,
    says: ["PORT_AMBIGUOUS", "deploy/ui:8080"],
  },
  { name: "an unknown Service", args: ["svc/nothing"], code: 1, says: ["NOT_FOUND", "nothing"] },
  {
    name: "a port that is not there",
    args: ["svc/ui:81"],
    code: 2,
    says: ["PORT_UNKNOWN", "80 (http), 443 (https)"],
  },
  { name: "a pod without a port", args: ["pod/ui-1"], code: 2, says: ["PORT_AMBIGUOUS", "8080"] },
  { name: "no selector", args: ["svc/external"], code: 2, says: ["SERVICE_WITHOUT_PODS", "selector"] },
  {
    name: "an ExternalName",
    args: ["svc/outside"],
    code: 2,
    says: ["SERVICE_WITHOUT_PODS", "example.invalid"],
  },
  { name: "no ready pod", args: ["svc/notready"], code: 1, says: ["NO_READY_POD", "notready-1"] },
  {
    name: "no rights at all",
    args: ["svc/ui"],
    rights: "none",
    code: 1,
    says: ["FORBIDDEN", "get services", "pod/NAME"],
  },
  {
    name: "only get on port-forwards",
    args: ["svc/ui"],
    rights: "get",
    code: 1,
    says: ["create", "pods/portforward"],
  },
  {
    name: "an address beyond loopback",
    args: ["svc/ui", "--address", "0.0.0.0:1"],
    code: 2,
    says: ["LISTEN_ADDRESS"],
  },
  {
    name: "an unknown context",
    args: ["svc/ui", "--context", "nope"],
    code: 2,
    says: ['context "nope" does not exist'],
  },
  {
    name: "a group of nobody",
    args: ["svc/ui", "--as-group", "admins"],
    code: 2,
    says: ["without impersonating a user"],
  },
  { name: "an unknown carrier", args: ["svc/ui", "--tunnel", "pigeon"], code: 2, says: ["pigeon", "spdy"] },
  {
    name: "an authority that cannot be read",
    args: ["svc/ui", "--upstream-ca", "/nowhere.pem"],
    code: 2,
    says: ["/nowhere.pem"],
  },
];

describe("one clear message, the documented exit status, and nothing else", () => {
  test.each(ROWS)("$name", async ({ args, rights, code, says }) => {
    const path = rights === undefined ? demo.kubeconfig : await demo.kubeconfigFor(`with-${rights}`, rights);
    const ended = await open([...args, "--kubeconfig", path]);
    for (const text of says) expect(ended.stderr).toContain(text);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).not.toMatch(/demo-[\w-]{20}/);
    expect(ended.stderr).not.toContain("    at ");
  });

  test("only create on port-forwards is enough, and the kubeconfig's token is refused where it went stale", async () => {
    const path = await demo.kubeconfigFor("stale", "all");
    demo.cluster.people.revokeAll();
    const ended = await open(["svc/ui", "--kubeconfig", path]);
    expect(ended.stderr).toContain("UNAUTHORIZED");
    expect(ended.code).toBe(1);
    await demo.rotate();
  });

  test.each([
    {
      name: "a client certificate",
      user: { "client-certificate-data": "LS0=", "client-key-data": "LS0=" },
      leg: "pod",
      says: "client certificate",
    },
    {
      name: "a password",
      user: { username: "alice", password: "canary" },
      leg: "pod",
      says: "user name and password",
    },
    { name: "nothing", user: {}, says: "nothing that identifies you" },
    {
      name: "a user who is not there",
      user: {},
      context: "alicia",
      says: 'the context names the user "alicia", whom the kubeconfig does not have',
    },
  ])(
    "no bearer token: $name is exit 2 before anything is dialled",
    async ({ user, context = "u", leg = "auto", says }) => {
      const path = join(home, "kubeconfig");
      const config = {
        "current-context": "c",
        clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
        users: [{ name: "u", user }],
        contexts: [{ name: "c", context: { cluster: "c", user: context } }],
      };
      await writeFile(path, JSON.stringify(config), { mode: 0o600 });
      const ended = await open(["svc/ui", "--kubeconfig", path, "--leg", leg]);
      expect(ended.stderr).toContain("NO_BEARER_TOKEN");
      expect(ended.stderr).toContain(says);
      expect(ended.stderr).not.toContain("canary");
      expect(ended.code).toBe(2);
    },
  );

  test("over plain http nothing that identifies a person is sent, and that is said", async () => {
    const args = [
      "svc/ui",
      "--kubeconfig",
      demo.kubeconfig,
      "--certificate-authority",
      "",
      "-s",
      "http://127.0.0.1:1",
    ];
    const ended = await open(args);
    expect(ended.stderr).toContain(
      "nothing that identifies you is sent over plain http, to http://127.0.0.1:1 [",
    );
    expect(ended.stderr).toContain("https:// address");
    expect(ended.code).toBe(2);
  });

  test("a Google token stays out of the pod unless it is allowed", async () => {
    const path = join(home, "kubeconfig-google");
    const config = {
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: { token: "ya29.canary" } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    const ended = await open(["svc/ui", "--kubeconfig", path, "--leg", "pod"]);
    expect(ended.stderr).toContain("TOKEN_TOO_BROAD");
    expect(ended.stderr).not.toContain("canary");
    expect(ended.code).toBe(2);
  });
});
