import { beforeEach, describe, expect, test } from "vitest";
import { endpointOf, memoryCluster, sliceOf, type MemoryCluster } from "../../test/memory-cluster.ts";
import { KnownError } from "../base/errors.ts";
import { parseTarget } from "./parse.ts";
import { readPod, resolveBackend } from "./resolve.ts";
import type { Backend } from "./types.ts";

let cluster: MemoryCluster;
beforeEach(() => {
  cluster = memoryCluster();
});

const resolve = async (target: string, chance = 0): Promise<Backend> =>
  await resolveBackend({
    connection: cluster.connection,
    namespace: "apps",
    reference: parseTarget(target),
    random: () => chance,
  });
/** Which pods are ever chosen, whatever chance says. */
const chosen = async (target: string): Promise<string[]> => {
  const found = new Set<string>();
  for (let chance = 0; chance < 1; chance += 0.1) found.add((await resolve(target, chance)).pod);
  return [...found].toSorted();
};

/** A Service `ui` and its slice of these pods. */
const ui = (...names: readonly string[]): void => {
  cluster.service("ui");
  for (const name of names) cluster.pod(name, { labels: { app: "ui" } });
  cluster.slice("ui-1", "ui", sliceOf(...names.map((name) => endpointOf(name))));
};

describe("a Service's pod", () => {
  test("is one of the ready ones, with the number of the slice", async () => {
    ui("a", "b", "c");
    expect(await chosen("svc/ui")).toEqual(["a", "b", "c"]);
    expect(await resolve("svc/ui")).toMatchObject({
      namespace: "apps",
      pod: "a",
      uid: "uid-a",
      port: 8080,
      scheme: "http",
      container: "app",
    });
    expect(cluster.calls.slice(0, 3)).toEqual(["get services ui", "list endpointslices", "get pods a"]);
  });

  test.each([
    ["ready", { ready: true, serving: true, terminating: false }, true],
    ["of unknown readiness, which means ready", {}, true],
    ["not ready", { ready: false }, false],
    ["not ready but serving", { ready: false, serving: true, terminating: true }, false],
    ["not ready, serving, not terminating", { ready: false, serving: true, terminating: false }, false],
    ["terminating, though ready", { ready: true, serving: true, terminating: true }, false],
  ])("is taken when its endpoint is %s: only then", async (_name, conditions, wanted) => {
    cluster.service("ui");
    cluster.pod("a", { labels: { app: "ui" } });
    cluster.slice("ui-1", "ui", sliceOf(endpointOf("a", conditions)));
    if (wanted) expect((await resolve("svc/ui")).pod).toBe("a");
    else await expect(resolve("svc/ui")).rejects.toMatchObject({ code: "NO_READY_POD", exit: 1 });
    expect(cluster.calls.includes("get pods a")).toBe(wanted);
  });

  test.each([
    ["no reference", { conditions: { ready: true }, addresses: ["10.0.0.1"] }],
    ["a node", { conditions: { ready: true }, targetRef: { kind: "Node", name: "a", uid: "uid-a" } }],
    ["a pod without a uid", { conditions: { ready: true }, targetRef: { kind: "Pod", name: "a" } }],
    ["a pod of another uid", endpointOf("a", { ready: true }, "uid-old")],
    ["a pod that is not there", endpointOf("gone")],
  ])("is never taken from an endpoint with %s", async (_name, endpoint) => {
    cluster.service("ui");
    cluster.pod("a", { labels: { app: "ui" } });
    cluster.slice("ui-1", "ui", sliceOf(endpoint));
    await expect(resolve("svc/ui")).rejects.toMatchObject({ code: "NO_READY_POD" });
  });

  // The slice may be older than the pod (and publishNotReadyAddresses says that all are ready).
  test.each([
    ["is being deleted", { deleted: true }],
    ["is not ready", { ready: "False" as const }],
    ["has ended", { phase: "Succeeded" }],
    ["is another one by now", { uid: "uid-new" }],
  ])("that %s is passed over for another", async (_name, wishes) => {
    ui("a", "b");
    cluster.pod("a", { labels: { app: "ui" }, ...wishes });
    expect(await chosen("svc/ui")).toEqual(["b"]);
  });

  test("that vanishes between list and get is passed over", async () => {
    ui("a", "b");
    cluster.before.push((call) => {
      if (call === "get pods a") cluster.store.delete("pods", "apps", "a");
    });
    expect((await resolve("svc/ui")).pod).toBe("b");
  });

  test("is looked for in all slices, and in no other Service's", async () => {
    ui("a");
    cluster.pod("b");
    cluster.pod("c");
    cluster.slice("ui-2", "ui", sliceOf(endpointOf("b")));
    cluster.slice("other-1", "other", sliceOf(endpointOf("c")));
    expect(await chosen("svc/ui")).toEqual(["a", "b"]);
  });

  test("the reasons are told when none is ready", async () => {
    ui("a", "b");
    for (const name of ["a", "b"]) cluster.pod(name, { labels: { app: "ui" }, ready: "False" });
    await expect(resolve("svc/ui")).rejects.toThrow(
      'Cannot open Service "ui": no pod of it is ready (a: it is not ready; b: it is not ready)',
    );
    cluster.denied.add("list pods");
    await expect(resolve("svc/ui")).rejects.toThrow("there is no pod");
  });
});

describe("the port is the Service's", () => {
  const slice = (ports: readonly object[]): object => ({ ports, endpoints: [endpointOf("a")] });

  test.each([
    ["by name", [{ name: "http", port: 3000 }], 3000],
    [
      "not the first one of the slice",
      [
        { name: "metrics", port: 9090 },
        { name: "http", port: 3000 },
      ],
      3000,
    ],
    [
      "not one of the same name over UDP",
      [
        { name: "http", port: 1, protocol: "UDP" },
        { name: "http", port: 2 },
      ],
      2,
    ],
  ])("%s", async (_name, ports, wanted) => {
    cluster.service("ui");
    cluster.pod("a");
    cluster.slice("ui-1", "ui", slice(ports));
    expect((await resolve("svc/ui")).port).toBe(wanted);
  });

  test("and not the first one that a container declares", async () => {
    cluster.service("ui");
    const containers = [
      { name: "side", ports: [{ containerPort: 15001 }] },
      { name: "app", ports: [{ containerPort: 3000 }] },
    ];
    cluster.pod("a", { spec: { containers } });
    cluster.slice("ui-1", "ui", slice([{ name: "http", port: 3000 }]));
    expect(await resolve("svc/ui")).toMatchObject({ port: 3000, container: "app" });
  });

  test("without a name is the port without a name", async () => {
    cluster.service("ui", { selector: { app: "ui" }, ports: [{ port: 80 }] });
    cluster.pod("a");
    cluster.slice("ui-1", "ui", slice([{ port: 8080 }]));
    expect((await resolve("svc/ui")).port).toBe(8080);
  });

  test("a slice without it does not count", async () => {
    cluster.service("ui");
    cluster.pod("a");
    cluster.slice("ui-1", "ui", slice([{ name: "metrics", port: 9090 }, { name: "http" }]));
    await expect(resolve("svc/ui")).rejects.toMatchObject({ code: "NO_READY_POD" });
  });

  test.each([
    ["the URL", "https://ui.svc:80", { port: 80 }, "https"],
    ["appProtocol", "svc/ui", { port: 80, appProtocol: "https" }, "https"],
    ["the number", "svc/ui", { port: 443 }, "https"],
    ["nothing", "svc/ui", { port: 80 }, "http"],
  ])("its scheme comes from %s", async (_name, target, port, wanted) => {
    cluster.service("ui", { selector: { app: "ui" }, ports: [port] });
    cluster.pod("a");
    cluster.slice("ui-1", "ui", slice([{ port: 8080 }]));
    expect((await resolve(target)).scheme).toBe(wanted);
  });
});

describe("refused (R-G1)", () => {
  const none = { ports: [{ port: 80 }] };

  test.each([
    ["without a selector", none],
    ["with an empty selector", { ...none, selector: {} }],
    ["that is headless without a selector", { ...none, clusterIP: "None" }],
    ["that is an ExternalName", { type: "ExternalName", externalName: "evil.test" }],
    ["that is an ExternalName with a selector", { type: "ExternalName", ...none, selector: { app: "ui" } }],
  ])("a Service %s, whatever its slices say", async (_name, spec) => {
    for (const name of ["a", "b", "c"]) cluster.pod(name, { labels: { app: "ui" } });
    cluster.service("ui", spec);
    const wanted = { code: "SERVICE_WITHOUT_PODS", exit: 2 };
    await expect(resolve("svc/ui")).rejects.toMatchObject(wanted);
    cluster.slice("ui-1", "ui", { ports: [{ port: 8080 }], endpoints: [endpointOf("a")] });
    await expect(resolve("svc/ui")).rejects.toMatchObject(wanted);
    cluster.denied.add("list endpointslices");
    await expect(resolve("svc/ui")).rejects.toMatchObject(wanted);
    expect(cluster.calls.filter((call) => call.includes("pods"))).toEqual([]);
  });
});

describe("a role without endpointslices", () => {
  const role = (ports: readonly object[] = [{ name: "http", port: 80, targetPort: "http" }]): void => {
    cluster.denied.add("list endpointslices");
    cluster.service("ui", { selector: { app: "ui", tier: "front" }, ports });
  };
  const labels = { app: "ui", tier: "front" };

  test("gets ready pods by the whole selector", async () => {
    role();
    cluster.pod("a", { labels });
    cluster.pod("b", { labels });
    cluster.pod("half", { labels: { app: "ui" } });
    cluster.pod("unready", { labels, ready: "False" });
    cluster.pod("leaving", { labels, deleted: true });
    cluster.pod("done", { labels, phase: "Succeeded" });
    expect(await chosen("svc/ui")).toEqual(["a", "b"]);
    expect(cluster.calls).not.toContain("get pods a");
  });

  test.each([
    ["a name", [{ port: 80, targetPort: "http" }], 8080],
    ["a number", [{ port: 80, targetPort: 3000 }], 3000],
    ["nothing, which means the Service's own", [{ port: 80 }], 80],
  ])("and the targetPort is %s", async (_name, ports, wanted) => {
    role(ports);
    cluster.pod("a", { labels });
    expect((await resolve("svc/ui")).port).toBe(wanted);
  });

  test("passes over pods that do not have the named port, as during a roll-out", async () => {
    role();
    cluster.pod("old", { labels, spec: { containers: [{ name: "app", ports: [] }] } });
    cluster.pod("new", { labels });
    expect(await chosen("svc/ui")).toEqual(["new"]);
  });

  test("is told when no pod has the named port", async () => {
    role([{ port: 80, targetPort: "web" }]);
    cluster.pod("a", { labels });
    await expect(resolve("svc/ui")).rejects.toMatchObject({
      code: "PORT_UNKNOWN",
      message: 'Cannot open Service "ui": its pod "a" declares no port "web"',
    });
  });

  test("is told why none is ready", async () => {
    role();
    cluster.pod("a", { labels, ready: "False" });
    await expect(resolve("svc/ui")).rejects.toThrow("a: it is not ready");
  });

  test("and without list pods is told which right is missing", async () => {
    role();
    cluster.denied.add("list pods");
    await expect(resolve("svc/ui")).rejects.toMatchObject({
      code: "FORBIDDEN",
      hint: expect.stringContaining("verbs [list] on pods") as string,
    });
  });
});

describe("other missing rights", () => {
  test("get services: the message names it, and the way around it", async () => {
    ui("a");
    cluster.denied.add("get services");
    await expect(resolve("svc/ui")).rejects.toMatchObject({
      code: "FORBIDDEN",
      hint: expect.stringMatching(/verbs \[get\] on services.*pod\/NAME:PORT -n apps/) as string,
    });
  });

  test("get pods: a list with a field selector does instead, and still compares the uid", async () => {
    ui("a", "b");
    cluster.denied.add("get pods");
    cluster.pod("a", { uid: "uid-new" });
    expect(await chosen("svc/ui")).toEqual(["b"]);
    expect(cluster.calls).toContain("list pods");
  });

  test("get and list pods: it is get that is asked for", async () => {
    ui("a");
    cluster.denied.add("get pods").add("list pods");
    await expect(resolve("svc/ui")).rejects.toMatchObject({
      code: "FORBIDDEN",
      hint: expect.stringContaining("verbs [get] on pods") as string,
    });
  });

  test("an answer that is not about rights is an error, no fall-back", async () => {
    ui("a");
    cluster.before.push((call) => {
      if (call === "list endpointslices") throw new KnownError("API_FAILED", "500");
    });
    await expect(resolve("svc/ui")).rejects.toMatchObject({ code: "API_FAILED" });
  });
});

test("a Service that is not there", async () => {
  await expect(resolve("svc/ui")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

describe("a pod by name", () => {
  const spec = (...ports: readonly object[]): object => ({ containers: [{ name: "app", ports }] });
  const WEB = { name: "http", containerPort: 8080 };
  const TLS = { name: "https", containerPort: 8443 };

  test.each([
    ["its only port", "pod/a", [WEB], 8080, "http"],
    ["a number", "pod/a:8443", [WEB, TLS], 8443, "https"],
    ["a number that it does not declare", "pod/a:9", [WEB], 9, "http"],
    ["a name", "pod/a:https", [WEB, TLS], 8443, "https"],
    ["the URL's scheme", "https://a:8080", [WEB], 8080, "https"],
  ])("with %s", async (_name, target, ports, port, scheme) => {
    cluster.pod("a", { spec: spec(...ports) });
    expect(await resolve(target)).toMatchObject({ pod: "a", uid: "uid-a", port, scheme });
    expect(cluster.calls).toEqual(["get pods a"]);
  });

  test.each([
    ["two ports", "pod/a", [WEB, TLS], "PORT_AMBIGUOUS", "it declares 8080 (http), 8443 (https)"],
    ["no port", "pod/a", [], "PORT_AMBIGUOUS", "it declares none"],
    ["only UDP", "pod/a", [{ containerPort: 53, protocol: "UDP" }], "PORT_AMBIGUOUS", "it declares none"],
    [
      "two ports without names",
      "pod/a",
      [{ containerPort: 1 }, { containerPort: 2 }],
      "PORT_AMBIGUOUS",
      "1, 2",
    ],
    [
      "no port of that name",
      "pod/a:web",
      [WEB],
      "PORT_UNKNOWN",
      'port "web" of pod "a": it declares 8080 (http)',
    ],
  ])("with %s is refused", async (_name, target, ports, code, text) => {
    cluster.pod("a", { spec: spec(...ports) });
    await expect(resolve(target)).rejects.toMatchObject({
      code,
      exit: 2,
      message: expect.stringContaining(text) as string,
    });
  });

  test.each([
    ["not ready", { ready: "False" as const }, "it is not ready"],
    ["being deleted", { deleted: true }, "it is being deleted"],
    ["pending", { phase: "Pending" }, "its phase is Pending"],
  ])("that is %s is refused", async (_name, wishes, why) => {
    cluster.pod("a", wishes);
    await expect(resolve("pod/a")).rejects.toMatchObject({
      code: "NO_READY_POD",
      message: expect.stringContaining(why) as string,
    });
  });

  test("that is not there, with and without get pods", async () => {
    const place = { namespace: "apps", name: "a" };
    await expect(readPod(cluster.connection, place)).rejects.toMatchObject({ code: "NOT_FOUND" });
    cluster.denied.add("get pods");
    await expect(readPod(cluster.connection, place)).rejects.toMatchObject({ code: "NOT_FOUND" });
    cluster.pod("ab");
    await expect(readPod(cluster.connection, place)).rejects.toMatchObject({ code: "NOT_FOUND" });
    cluster.pod("a");
    expect((await readPod(cluster.connection, place)).metadata.uid).toBe("uid-a");
  });
});
