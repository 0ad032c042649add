import { describe, expect, test } from "vitest";
import { podOf, type PodWishes } from "../../test/kubernetes.ts";
import { backendOf, declaredPorts, isReady, whyNotReady } from "./pod-facts.ts";

const waiting = (name: string, reason: string): object => ({
  name,
  ready: false,
  state: { waiting: { reason } },
});

describe("a pod gets new connections", () => {
  const rows: readonly (readonly [string, PodWishes, boolean, string])[] = [
    ["that runs and is ready", {}, true, ""],
    ["that is being deleted, though ready", { deleted: true }, false, "it is being deleted"],
    ["that is pending", { phase: "Pending", ready: "False" }, false, "its phase is Pending"],
    ["that is pending, though ready", { phase: "Pending" }, false, "its phase is Pending"],
    ["that has ended", { phase: "Succeeded", ready: "False" }, false, "its phase is Succeeded"],
    ["that has failed", { phase: "Failed", ready: "False" }, false, "its phase is Failed"],
    ["whose node is lost", { phase: "Unknown", ready: "Unknown" }, false, "its phase is Unknown"],
    ["without a phase", { phase: "" }, false, "its phase is unknown"],
    ["without the condition", { ready: undefined }, false, "it is not ready"],
    ["whose condition is unknown", { ready: "Unknown" }, false, "it is not ready"],
    [
      "whose condition says why",
      { status: { conditions: [{ type: "Ready", status: "False", message: "the gate is shut" }] } },
      false,
      "the gate is shut",
    ],
    [
      "with another condition only",
      { status: { conditions: [{ type: "Initialized", status: "True" }] } },
      false,
      "it is not ready",
    ],
    [
      "with a container that is not ready",
      { ready: "False", status: { containerStatuses: [{ name: "side", ready: false }] } },
      false,
      'container "side" is not ready',
    ],
    [
      "with a container that crashes",
      { ready: "False", status: { containerStatuses: [waiting("app", "CrashLoopBackOff")] } },
      false,
      'container "app" waits: CrashLoopBackOff',
    ],
    [
      "with an init container that waits",
      { phase: "Pending", status: { initContainerStatuses: [waiting("init", "ImagePullBackOff")] } },
      false,
      'container "init" waits: ImagePullBackOff',
    ],
  ];
  test.each(rows)("%s", (_name, wishes, ready, why) => {
    const pod = podOf("a", wishes);
    expect(isReady(pod)).toBe(ready);
    if (!ready) expect(whyNotReady(pod)).toBe(why);
  });
});

const spec = {
  containers: [
    { name: "side", image: "side:1", ports: [{ containerPort: 15001, name: "proxy" }] },
    {
      name: "app",
      image: "app:1",
      ports: [
        { containerPort: 8080, name: "http" },
        { containerPort: 53, protocol: "UDP", name: "dns" },
      ],
    },
    { name: "quiet", image: "quiet:1" },
  ],
  initContainers: [
    { name: "init", image: "init:1", ports: [{ containerPort: 1 }] },
    { name: "sidecar", image: "sidecar:1", restartPolicy: "Always", ports: [{ containerPort: 9090 }] },
  ],
};

test("declared are the TCP ports of containers that stay", () => {
  expect(declaredPorts(podOf("a", { spec }))).toEqual([
    { name: "proxy", port: 15001 },
    { name: "http", port: 8080 },
    { name: "", port: 9090 },
  ]);
});

describe("the backend", () => {
  const status = {
    containerStatuses: [
      { name: "side", containerID: "cri://side", restartCount: 7 },
      { name: "app", containerID: "cri://app", restartCount: 2 },
    ],
    initContainerStatuses: [{ name: "sidecar", containerID: "cri://sidecar", restartCount: 1 }],
  };

  test.each([
    ["of the port's own container", 8080, "app", "app:1", "cri://app#2"],
    ["of a sidecar", 9090, "sidecar", "sidecar:1", "cri://sidecar#1"],
    ["of a port that nobody declares", 1234, undefined, undefined, "cri://side#7,cri://app#2"],
  ])("%s", (_name, port, container, image, start) => {
    expect(backendOf(podOf("a", { spec, status }), port, "https")).toEqual({
      namespace: "apps",
      pod: "a",
      uid: "uid-a",
      port,
      scheme: "https",
      schemeKnown: true,
      container,
      image,
      labels: new Map(),
      start,
      serviceAccount: "default",
    });
  });

  test("of a pod with one container is that container's, whatever it declares", () => {
    expect(backendOf(podOf("a"), 9999, "http")).toMatchObject({ container: "app", start: "cri://1#0" });
  });

  // A certificate is pinned per start (R-N15), so that each start needs a name of its own.
  test.each([
    ["another container", { containerID: "cri://2", restartCount: 0 }],
    ["another start of it", { containerID: "cri://1", restartCount: 1 }],
  ])("changes with %s", (_name, change) => {
    const restarted = podOf("a", { status: { containerStatuses: [{ name: "app", ...change }] } });
    expect(backendOf(restarted, 8080, "http").start).not.toBe(backendOf(podOf("a"), 8080, "http").start);
  });

  test("does not change with the restart of another container", () => {
    const startOf = (restartCount: number): string =>
      backendOf(
        podOf("a", {
          spec,
          status: { containerStatuses: [{ name: "side", restartCount }, status.containerStatuses[1]] },
        }),
        8080,
        "http",
      ).start;
    expect(startOf(1)).toBe(startOf(2));
  });

  test("without a service account says so", () => {
    expect(
      backendOf(podOf("a", { spec: { serviceAccountName: "" } }), 1, "http").serviceAccount,
    ).toBeUndefined();
  });
});
