import { describe, expect, test } from "vitest";
import { clientConfig, quietSystem } from "../../test/api-server.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { endpointOf, forwardingProxy, type Endpoint } from "./endpoint.ts";

const of = (
  url: string,
  cluster: Partial<Cluster> = {},
  env: Readonly<Record<string, string>> = {},
): Endpoint => endpointOf(clientConfig(url, cluster), quietSystem(env));

test.each<[url: string, wanted: Partial<Endpoint>]>([
  ["https://a.test", { secure: true, host: "a.test", port: 443, authority: "a.test", prefix: "" }],
  [
    "https://a.test:6443/x/",
    { port: 6443, authority: "a.test:6443", prefix: "/x", server: "https://a.test:6443/x" },
  ],
  ["http://a.test", { secure: false, port: 80 }],
  ["https://[fd00::1]:6443", { host: "fd00::1", authority: "[fd00::1]:6443", serverName: "fd00::1" }],
])("%s", (url, wanted) => {
  expect(of(url)).toMatchObject(wanted);
});

test("tls-server-name is looked for in the place of the host", () => {
  expect(of("https://a.test", { tlsServerName: "b.test" })).toMatchObject({
    host: "a.test",
    serverName: "b.test",
  });
});

describe("authority and insecure-skip-tls-verify (credentials.md §4.2)", () => {
  test.each<[name: string, cluster: Partial<Cluster>]>([
    ["data", { certificateAuthorityData: "x" }],
    ["a file", { certificateAuthority: "/x" }],
  ])("%s and the flag are refused", (_name, cluster) => {
    const both = (): Endpoint => of("https://a.test", { ...cluster, insecureSkipTlsVerify: true });
    expect(both).toThrow("specifying a root certificates file with the insecure flag is not allowed");
  });

  test.each<[name: string, cluster: Partial<Cluster>, wanted: Partial<Endpoint>]>([
    ["data", { certificateAuthorityData: "x" }, { trust: "kubeconfig", verify: true }],
    ["a file", { certificateAuthority: "/x" }, { trust: "kubeconfig", verify: true }],
    ["the flag", { insecureSkipTlsVerify: true }, { trust: "system", verify: false }],
    ["nothing", {}, { trust: "system", verify: true }],
  ])("%s alone is fine", (_name, cluster, wanted) => {
    expect(of("https://a.test", cluster)).toMatchObject(wanted);
  });
});

describe("the proxy", () => {
  test.each<
    [
      name: string,
      cluster: Partial<Cluster>,
      env: Readonly<Record<string, string>>,
      wanted: string | undefined,
    ]
  >([
    ["none", {}, {}, undefined],
    ["of the kubeconfig", { proxyUrl: "http://k.test" }, {}, "k.test"],
    ["of the environment", {}, { HTTPS_PROXY: "http://e.test" }, "e.test"],
    ["of both", { proxyUrl: "http://k.test" }, { HTTPS_PROXY: "http://e.test", NO_PROXY: "*" }, "k.test"],
  ])("%s", (_name, cluster, env, wanted) => {
    expect(of("https://a.test", cluster, env).proxy?.host).toBe(wanted);
  });

  test.each([
    ["https://a.test", "http://p.test", false],
    ["http://a.test", "http://p.test", true],
    ["http://a.test", "https://p.test", true],
    ["http://a.test", "socks5://p.test", false],
  ])("%s by %s is forwarded by the proxy: %s", (url, proxyUrl, wanted) => {
    expect(forwardingProxy(of(url, { proxyUrl })) !== undefined).toBe(wanted);
  });
});
