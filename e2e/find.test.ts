import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../test/opened.ts";
import { kauth, type Finished } from "../test/program.ts";
import { onTerminal } from "../test/terminal.ts";
import { openKit, type Kit } from "./kit.ts";

/** A namespace that Kiali is known to be installed in, and one that nobody knows; gone after the test. */
const KNOWN = "kiali";
const OTHER = "kauth-e2e-elsewhere";
const NAME = "kauth-e2e-find";

let kit: Kit;

const service = (namespace: string, name: string, ui: string, app: string): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace, labels: { "app.kubernetes.io/name": ui } },
  spec: { selector: { app }, ports: [{ name: "http", port: 20_001, targetPort: "http" }] },
});

const apply = async (...objects: readonly object[]): Promise<void> => {
  const child = spawn(kit.kubectl, ["--kubeconfig", kit.kubeconfig("admin"), "apply", "-f", "-"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await once(child, "close");
  expect(child.exitCode).toBe(0);
};

const forget = async (): Promise<void> => {
  await kit.admin("delete", "namespace", KNOWN, OTHER, "--ignore-not-found", "--wait=true");
  await kit.admin("delete", "service", NAME, "-n", "apps", "--ignore-not-found");
};

beforeAll(async () => {
  kit = await openKit();
  await forget();
  const namespace = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const reads = { apiGroups: [""], resources: ["services"], verbs: ["get", "list"] };
  const metadata = { name: NAME, namespace: KNOWN };
  const rbac = "rbac.authorization.k8s.io";
  await apply(
    namespace(KNOWN),
    namespace(OTHER),
    service(KNOWN, "kiali", "kiali", "kiali"),
    service(OTHER, "kiali", "kiali", "kiali"),
    service("apps", NAME, "grafana", "single"),
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: [reads] },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: NAME },
      subjects: [{ apiGroup: rbac, kind: "User", name: "alice" }],
    },
  );
});
afterAll(forget);

interface Listed {
  readonly uis: readonly Readonly<Record<string, unknown>>[];
  readonly notSearched: readonly Readonly<Record<string, unknown>>[];
}

const list = async (user: string): Promise<Listed & { readonly ended: Finished }> => {
  const ended = await kauth(["open", "--list", "-o", "json", "--kubeconfig", kit.kubeconfig(user)]);
  expect(ended.code, ended.stderr).toBe(0);
  return { ...(JSON.parse(ended.stdout) as Listed), ended };
};

const places = ({ uis }: Listed): readonly string[] =>
  uis.map(({ id, namespace, target }) => `${String(id)} ${String(namespace)} ${String(target)}`);

describe("D.3: finding on a real cluster", () => {
  test("alice, who may not list everywhere: her namespace, then where UIs are known to be", async () => {
    const listed = await list("alice-token");
    expect(places(listed)).toEqual(
      expect.arrayContaining([
        `grafana apps svc/${NAME}`,
        "dashboard kubernetes-dashboard svc/kubernetes-dashboard-kong-proxy",
        "kiali kiali svc/kiali",
      ]),
    );
    expect(places(listed)[0]).toMatch(/ apps /);
    expect(places(listed).join()).not.toContain(OTHER);
    const denied = listed.notSearched.filter(({ state }) => state === "denied");
    expect(denied.some(({ namespace }) => namespace === undefined)).toBe(true);
    expect(denied.every(({ code }) => code === "FORBIDDEN")).toBe(true);
  });

  test("admin, who may: the whole cluster, and nothing was left out", async () => {
    const listed = await list("admin");
    expect(places(listed)).toEqual(
      expect.arrayContaining(["kiali kiali svc/kiali", `kiali ${OTHER} svc/kiali`]),
    );
    expect(listed.notSearched).toEqual([]);
  });

  test("carol, who may nothing, is told so", async () => {
    const { code, stderr } = await kauth(["open", "--kubeconfig", kit.kubeconfig("carol-token")]);
    expect(code).toBe(1);
    expect(stderr).toContain("UI_NOT_FOUND");
    expect(stderr).toContain("You may not list Services in apps, ");
  });

  test("kauth open dashboard, in the namespace where it is known to be", async () => {
    await using ui = await open(["dashboard", "--kubeconfig", kit.kubeconfig("alice-token")]);
    expect(ui.ready).toMatchObject({
      target: "svc/kubernetes-dashboard-kong-proxy",
      namespace: "kubernetes-dashboard",
      scheme: "https",
      user: "alice",
    });
    expect(await ui.json("/api/me")).toMatchObject({ user: "alice", scheme: "https" });
  });

  test("two of one name: the command of each", async () => {
    const { code, stderr } = await kauth([
      "open",
      "kiali",
      "--kubeconfig",
      kit.kubeconfig("admin"),
      "--leg",
      "pod",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("TARGET_AMBIGUOUS");
    for (const namespace of [KNOWN, OTHER]) expect(stderr).toContain(`kauth open svc/kiali -n ${namespace}`);
  });

  test("on a terminal a person chooses", async () => {
    await using terminal = await onTerminal(
      [
        "open",
        "--skip-open-browser",
        "--address",
        "127.0.0.1:0",
        "--kubeconfig",
        kit.kubeconfig("alice-token"),
      ],
      { columns: 100 },
    );
    await terminal.shows(/Which UI of .*\?/);
    terminal.type("kong");
    await terminal.shows("Filter: kong");
    terminal.type("\r");
    await terminal.shows("svc/kubernetes-dashboard-kong-proxy");
    await terminal.shows("Open this link once");
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(0);
  });
});
