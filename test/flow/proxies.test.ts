import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority } from "../../src/base/x509.ts";
import type { Demo } from "../../src/demo/index.ts";
import { VALID } from "../api-server.ts";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { kauth, newHome, startOpen } from "../program.ts";
import { connectProxy, socksProxy, type TestProxy } from "../proxies.ts";

let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
});

const company = createAuthority({ commonName: "company", ...VALID });
const certificate = company.issue({ commonName: "proxy", names: ["127.0.0.1"], use: "server", ...VALID });

const CREDENTIALS = { username: "me", password: "canary/1" };

const PODS = "/clusters/main/api/v1/namespaces/apps/pods";

interface File {
  readonly clusters: readonly { readonly cluster: Record<string, unknown> }[];
}

describe.each<[kind: string, open: (route: () => { host: string; port: number }) => Promise<TestProxy>]>([
  ["HTTP", async (route) => await connectProxy({ route, credentials: CREDENTIALS })],
  ["HTTPS", async (route) => await connectProxy({ route, credentials: CREDENTIALS, certificate })],
  ["SOCKS5", async (route) => await socksProxy({ route, credentials: CREDENTIALS })],
])("kauth open through a proxy of kind %s", (_kind, openProxy) => {
  test.each([
    ["a tunnel over SPDY", ["--tunnel", "spdy"], "/api/me", "user"],
    ["a tunnel over a WebSocket", ["--tunnel", "websocket"], "/api/me", "user"],
    ["the direct leg", ["--leg", "direct"], "/clusters/main/me", "username"],
    ["the direct leg's own connections", ["--leg", "direct"], PODS, "kind"],
  ])("and %s", async (_way, args, path, field) => {
    await using home = await newHome();
    const real = new URL(demo.cluster.server);
    await using proxy = await openProxy(() => ({ host: real.hostname, port: Number(real.port) }));
    const file = JSON.parse(await readFile(demo.kubeconfig, "utf8")) as File;
    const [entry] = file.clusters;
    if (entry === undefined) throw new Error("the demo's kubeconfig has no cluster");
    Object.assign(entry.cluster, {
      server: `https://cluster.test:${real.port}`,
      "tls-server-name": real.hostname,
      "proxy-url": proxy.url.replace("://", "://me:canary%2F1@"),
    });
    const kubeconfig = join(home.path, "kubeconfig");
    await writeFile(kubeconfig, JSON.stringify(file), { mode: 0o600 });
    const authority = join(home.path, "company.pem");
    await writeFile(authority, company.cert);
    await using open = await startOpen(["svc/ui", "--kubeconfig", kubeconfig, ...args], {
      home: home.path,
      env: { SSL_CERT_FILE: authority, SSL_CERT_DIR: "/none" },
    });
    const browser = await follow(open.link);
    const value = path === PODS ? "PodList" : demo.user;
    expect(JSON.parse((await browser.get(path)).text)).toMatchObject({ [field]: value });
    expect(new Set(proxy.asked)).toEqual(new Set([`cluster.test:${real.port}`]));
    expect(`${open.stdout()}${open.stderr()}`).not.toContain("canary");
    expect(await open.stop()).toBe(0);
  });
});

test("a proxy that lets nobody through is named with the next step", async () => {
  await using home = await newHome();
  await using proxy = await connectProxy({ route: () => undefined });
  const file = (await readFile(demo.kubeconfig, "utf8")).replace(
    /"server": "[^"]+"/,
    '"server": "https://cluster.test"',
  );
  const kubeconfig = join(home.path, "kubeconfig");
  await writeFile(kubeconfig, file, { mode: 0o600 });
  const ended = await kauth(["open", "svc/ui", "--kubeconfig", kubeconfig], { HTTPS_PROXY: proxy.url });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("cluster.test:443");
  expect(ended.stderr).toContain("[PROXY_REFUSED]");
  expect(ended.stderr).toContain("NO_PROXY");
});
