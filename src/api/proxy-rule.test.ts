import { describe, expect, test } from "vitest";
import { clientConfig, quietSystem } from "../../test/api-server.ts";
import { isKnownError } from "../base/errors.ts";
import { refuseProxy } from "./proxy-rule.ts";

const PROXY = "http://proxy.test:3128";

const isRefused = (
  server: string,
  env: Readonly<Record<string, string>>,
  cluster: { readonly proxyUrl?: string } = {},
): boolean => {
  try {
    refuseProxy(clientConfig(server, cluster), quietSystem(env));
    return false;
  } catch (error) {
    if (!isKnownError(error, "UNSUPPORTED")) throw error;
    return true;
  }
};

describe("a proxy that kubectl would use is not passed by", () => {
  test.each([
    ["none", "https://api.test", {}, false],
    ["HTTPS_PROXY and https", "https://api.test", { HTTPS_PROXY: PROXY }, true],
    ["https_proxy and https", "https://api.test", { https_proxy: PROXY }, true],
    [
      "an empty HTTPS_PROXY before https_proxy",
      "https://api.test",
      { HTTPS_PROXY: "", https_proxy: PROXY },
      true,
    ],
    ["HTTP_PROXY and http", "http://api.test", { HTTP_PROXY: PROXY }, true],
    ["http_proxy and http", "http://api.test", { http_proxy: PROXY }, true],
    ["HTTP_PROXY and https", "https://api.test", { HTTP_PROXY: PROXY }, false],
    ["HTTPS_PROXY and http", "http://api.test", { HTTPS_PROXY: PROXY }, false],
    ["ALL_PROXY, which Go does not read", "https://api.test", { ALL_PROXY: PROXY }, false],
    ["an empty value", "https://api.test", { HTTPS_PROXY: "" }, false],
    ["localhost", "https://localhost:6443", { HTTPS_PROXY: PROXY }, false],
    ["127.0.0.1", "https://127.0.0.1:6443", { HTTPS_PROXY: PROXY }, false],
    ["127.9.9.9", "https://127.9.9.9:6443", { HTTPS_PROXY: PROXY }, false],
    ["[::1]", "https://[::1]:6443", { HTTPS_PROXY: PROXY }, false],
    ["a name that only begins like loopback", "https://127.evil.test", { HTTPS_PROXY: PROXY }, true],
  ])("%s", (_name, server, env, wanted) => {
    expect(isRefused(server, env)).toBe(wanted);
  });

  test.each([
    ["everything", "*", "https://api.test", false],
    ["the name itself", "api.test", "https://api.test:6443", false],
    ["the name in other letters", "API.Test", "https://api.test:6443", false],
    ["a domain above it", "test", "https://api.test", false],
    ["a domain above it with a dot", ".test", "https://api.test", false],
    ["a domain above it with a star", "*.test", "https://api.test", false],
    ["another name that ends alike", "pi.test", "https://api.test", true],
    ["a dot before the name, which means only what is below", ".api.test", "https://api.test", true],
    ["a star before the name, which means only what is below", "*.api.test", "https://api.test", true],
    ["name and port", "api.test:6443", "https://api.test:6443", false],
    ["name and another port", "api.test:443", "https://api.test:6443", true],
    ["name and the port that https has anyway", "api.test:443", "https://api.test", false],
    ["an address", "10.1.2.3", "https://10.1.2.3:6443", false],
    ["an address and its port", "10.1.2.3:6443", "https://10.1.2.3:6443", false],
    ["an address and another port", "10.1.2.3:443", "https://10.1.2.3:6443", true],
    ["an address that begins alike", "10.1.2", "https://10.1.2.3:6443", true],
    ["an address that ends alike", "2.3", "https://10.1.2.3:6443", true],
    ["a network", "10.0.0.0/8", "https://10.1.2.3:6443", false],
    ["another network", "10.0.0.0/16", "https://10.1.2.3:6443", true],
    ["a network and a name", "10.0.0.0/8", "https://api.test", true],
    ["a network of IPv6", "fd00::/8", "https://[fd00::1]:6443", false],
    ["an address of IPv6", "fd00::1", "https://[fd00::1]:6443", false],
    ["an address of IPv6 and its port", "[fd00::1]:6443", "https://[fd00::1]:6443", false],
    ["a network that is none", "10.0.0.0/99", "https://10.1.2.3", true],
    ["one of several, with spaces", "a.test, 10.0.0.0/8 ,,api.test", "https://api.test", false],
    ["nothing", "", "https://api.test", true],
    ["only a dot", ".", "https://api.test", true],
  ])("NO_PROXY with %s", (_name, exempt, server, wanted) => {
    expect(isRefused(server, { HTTPS_PROXY: PROXY, NO_PROXY: exempt })).toBe(wanted);
    expect(isRefused(server, { HTTPS_PROXY: PROXY, no_proxy: exempt })).toBe(wanted);
    expect(isRefused(server, { HTTPS_PROXY: PROXY, NO_PROXY: "", no_proxy: exempt })).toBe(wanted);
  });

  test("proxy-url of the kubeconfig holds in spite of NO_PROXY", () => {
    expect(isRefused("https://api.test", { NO_PROXY: "*" }, { proxyUrl: PROXY })).toBe(true);
    expect(isRefused("https://127.0.0.1", {}, { proxyUrl: "socks5://p:1" })).toBe(true);
  });
});

test("the message says where the proxy comes from, not what it is: it may hold a password", () => {
  const secret = "http://me:canary@proxy.test:3128";
  const config = clientConfig("https://api.test:6443");
  expect(() => refuseProxy(config, quietSystem({ HTTPS_PROXY: secret }))).toThrow(/of the environment/);
  expect(() => refuseProxy(config, quietSystem({ HTTPS_PROXY: secret }))).not.toThrow(/canary/);
  const from = clientConfig("https://api.test:6443", { proxyUrl: secret });
  expect(() => refuseProxy(from, quietSystem())).toThrow(/of the kubeconfig \(proxy-url\)/);
  expect(() => refuseProxy(from, quietSystem())).not.toThrow(/canary/);
});
