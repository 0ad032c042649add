import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { setTimeout } from "node:timers/promises";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { open } from "../opened.ts";

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

const POD = "/clusters/main/api/v1/namespaces/apps/pods";

test("D.2: the API is asked from here as the person, and the pod gets no credential", async () => {
  await using demo = await testDemo();
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", "direct"]);
  expect(ui.ready["credential"]).toMatch(
    /^nothing: what your credential plugin ".*" gives goes to the API server only$/,
  );
  const { user } = demo;

  const listed = await ui.fetch({ path: POD });
  expect(listed.status, listed.text).toBe(200);
  expect(listed.headers).toMatchObject({
    "content-security-policy": expect.stringContaining("sandbox") as unknown,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  expect(await ui.json("/clusters/main/me")).toMatchObject({ username: user });
  const review = await ui.fetch({
    path: "/clusters/main/apis/authentication.k8s.io/v1/selfsubjectreviews",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
  });
  expect(review.status, review.text).toBe(201);
  expect(review.text).toContain(`"username":"${user}"`);
  // Nobody's token that a page has, and no name that it would like to have.
  const theirs = { authorization: "Bearer theirs", "impersonate-user": "root" };
  expect((await ui.fetch({ path: POD, headers: theirs })).status).toBe(200);

  const { incident } = await ui.json("/clusters/main/debug");
  expect(await ui.event("incident")).toMatchObject({ incident });
  for (const [path, status] of [
    ["/clusters/other/api/v1/pods", 404],
    ["/clusters/main/metrics", 501],
    ["/clusters/main/api/%2e%2e/metrics", 400],
    ["/clusters/main/helm/releases/list", 501],
  ] as const)
    expect((await ui.fetch({ path })).status, path).toBe(status);
  const kept = await ui.fetch({ path: "/clusters/main/set-token", method: "POST", body: '{"token":"x"}' });
  expect([kept.status, kept.text]).toEqual([200, "{}"]);

  expect((await ui.fetch({ path: "/api/me" })).status).toBe(401);
  expect(demo.app.requests.length).toBeGreaterThan(0);
  expect(demo.app.requests.filter(({ authorizations }) => authorizations > 0)).toEqual([]);
  const lists = demo.cluster.audit.filter(({ verb, resource }) => verb === "list" && resource === "pods");
  expect(lists.length).toBeGreaterThan(1);
  for (const { user: who, userAgent, impersonated } of lists)
    expect([who, userAgent, impersonated]).toEqual([user, expect.stringMatching(/^kauth\//), ""]);
  expect(ui.stderr()).not.toContain("theirs");
});

test("D.2: what passes the gate for the API is what passes for the pod", async () => {
  await using demo = await testDemo();
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", "direct"]);
  expect((await ui.fetch({ path: POD, anonymous: true })).status).toBe(401);
  expect((await ui.fetch({ path: POD, headers: { host: `evil.localhost:${ui.port}` } })).status).toBe(403);
  expect((await ui.fetch({ path: POD, headers: { "sec-fetch-site": "same-site" } })).status).toBe(403);
  const foreign = new WebSocket(`ws://127.0.0.1:${ui.port}${POD}?watch=1`, {
    headers: { host: ui.origin.host, origin: "http://evil.localhost", "x-kauth-token": ui.token },
  });
  const [error] = (await once(foreign, "error")) as [Error];
  expect(error.message).toMatch(/40[13]/);
});

test("D.2: the pod's end is nothing to who asks the API", async () => {
  await using demo = await testDemo();
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", "direct"]);
  for (const { name } of (JSON.parse((await ui.fetch({ path: POD })).text) as List).items.map(
    ({ metadata }) => metadata,
  ))
    demo.deletePod(name);
  const listed = await ui.fetch({ path: POD });
  expect(listed.status).toBe(200);
});

test("D.2: --anonymous and --leg direct exclude each other", async () => {
  await using demo = await testDemo();
  await expect(
    open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", "direct", "--anonymous"]),
  ).rejects.toThrow(/--anonymous and --leg direct/);
});

const MiB = 1024 * 1024;
const PART = Buffer.alloc(64 * 1024, "x");

/** Peak of a process's memory so far. MiB. */
const peakOf = async (pid: number | undefined): Promise<number> =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

test("D.2: an answer of 100 MiB goes by, and waits for a client that takes its time", async () => {
  let written = 0;
  await using demo = await testDemo({
    more: {
      upgrade: () => false,
      request: (request, response) => {
        if (request.url !== "/api/v1/namespaces/apps/secrets") return false;
        response.writeHead(200, { "Content-Type": "application/json" });
        const fill = (): void => {
          while (written < 100 * MiB) {
            written += PART.length;
            if (!response.write(PART)) return void response.once("drain", fill);
          }
          response.end();
        };
        fill();
        return true;
      },
    },
  });
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", "direct"]);
  expect((await ui.fetch({ path: POD })).status).toBe(200);
  const before = await peakOf(ui.child.pid);
  const asked = get({
    host: "127.0.0.1",
    port: ui.port,
    path: "/clusters/main/api/v1/namespaces/apps/secrets",
    headers: { host: ui.origin.host, "x-kauth-token": ui.token },
  });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  // Nobody reads yet: what is on the way is what sockets hold.
  let held = -1;
  while (held !== written) {
    held = written;
    await setTimeout(500);
  }
  expect(held).toBeLessThan(30 * MiB);
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) length += part.length;
  expect(length).toBe(100 * MiB);
  // Less than the answer, by more than a collector that comes late leaves.
  expect((await peakOf(ui.child.pid)) - before).toBeLessThan(85);
});
