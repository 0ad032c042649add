import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { open } from "../test/opened.ts";
import { openKit, overCarrier, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

const lines = async (path: string): Promise<number> =>
  (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "").length;

describe("alice opens svc/ui", () => {
  test.each([
    { name: "with a token", kubeconfig: "alice-token" },
    { name: "with a token file", kubeconfig: "alice-tokenfile" },
    { name: "with a credential plugin", kubeconfig: "exec" },
    { name: "as a context of many", kubeconfig: "all" },
  ])("$name", async ({ kubeconfig }) => {
    const calls = await lines(kit.execLog);
    const from = await kit.auditSize();
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig(kubeconfig)]);
    const me = await ui.json("/api/me");
    expect(me).toMatchObject({ user: "alice", authorizationHeaderCount: 1, viaHeaderCount: 0 });
    expect(me["host"]).toBe("ui.apps.svc");
    expect(ui.ready["user"]).toBe("alice");
    expect((await lines(kit.execLog)) - calls).toBe(kubeconfig === "exec" ? 1 : 0);
    const events = await kit.audit(from);
    // The witness: the app asked the API server with alice's token, and alice forwarded to that very pod.
    const asked = events.find((event) => event.userAgent === "kauth-cluster-app" && event.user === "alice");
    const forwarded = events.find(
      (event) =>
        event.user === "alice" &&
        event.code === 101 &&
        event.uri.includes(`/pods/${String(ui.ready["pod"])}/portforward`),
    );
    expect(asked, "the app's own request as alice").toBeDefined();
    expect(forwarded, "alice's port-forward of that pod").toBeDefined();
    if (kubeconfig === "exec") process.stdout.write(`audit: ${asked?.line}\naudit: ${forwarded?.line}\n`);
    expect(ui.stderr()).not.toContain("kauth-test-token");
  });

  test("without a session or token nothing passes", async () => {
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("alice-token")]);
    expect((await ui.fetch({ path: "/api/me", anonymous: true })).status).toBe(401);
    expect((await ui.fetch({ path: "/api/me", headers: { host: "evil.test" } })).status).toBe(403);
    expect((await ui.fetch({ path: "/api/me", headers: { origin: "http://evil.test" } })).status).toBe(403);
  });

  test("over both carriers", async () => {
    for (const carrier of ["spdy", "websocket"]) {
      const from = await kit.auditSize();
      await using ui = await open(overCarrier(kit, carrier));
      expect(await ui.json("/api/me")).toMatchObject({ user: "alice" });
      const verbs = (await kit.audit(from))
        .filter((event) => event.uri.includes("/portforward") && event.code === 101)
        .map((event) => event.verb);
      expect(new Set(verbs)).toEqual(new Set([carrier === "spdy" ? "create" : "get"]));
    }
  });

  test("over HTTPS, with the path of a URL", async () => {
    await using ui = await open([
      "https://ui.apps.svc/echo?x=1",
      "--kubeconfig",
      kit.kubeconfig("alice-token"),
    ]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "alice", scheme: "https" });
    expect(ui.ready["target"]).toContain("ui");
  });

  test("bob, who may only create port-forwards", async () => {
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("bob-token")]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "bob" });
  });

  test.each([
    { name: "a headless Service", args: ["svc/headless"] },
    { name: "a Service whose first container is a sidecar", args: ["svc/multi"] },
    { name: "a pod by name", args: ["pod/sts-0:8080"] },
    { name: "a bare Service name with a port", args: ["single:80"] },
    { name: "kauthproxy's URL", args: ["http://ui.svc"] },
    {
      name: "a Service of another namespace",
      args: ["https://kubernetes-dashboard-kong-proxy.svc", "-n", "kubernetes-dashboard"],
    },
  ])("$name", async ({ args }) => {
    const namespace = args.includes("-n") ? [] : ["-n", "apps"];
    await using ui = await open([...args, ...namespace, "--kubeconfig", kit.kubeconfig("alice-token")]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "alice" });
  });
});
