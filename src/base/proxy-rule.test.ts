import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "./errors.ts";
import {
  environmentProxy,
  kubeconfigProxy,
  proxyName,
  proxyUrlFault,
  withoutPassword,
} from "./proxy-rule.ts";

const PROXY = "http://proxy.test:3128";
type Env = Readonly<Record<string, string>>;

const named = (server: string, env: Env): string | undefined => {
  const proxy = environmentProxy(new URL(server), env);
  return proxy === undefined ? undefined : proxyName(proxy);
};

describe("which variable counts (credentials.md §4.6)", () => {
  test.each<[name: string, server: string, env: Env, wanted: string | undefined]>([
    ["none", "https://api.test", {}, undefined],
    ["HTTPS_PROXY for https", "https://api.test", { HTTPS_PROXY: PROXY }, PROXY],
    ["https_proxy for https", "https://api.test", { https_proxy: PROXY }, PROXY],
    ["the upper-case one first", "https://api.test", { HTTPS_PROXY: PROXY, https_proxy: "http://b" }, PROXY],
    ["an empty HTTPS_PROXY is unset", "https://api.test", { HTTPS_PROXY: "", https_proxy: PROXY }, PROXY],
    ["HTTP_PROXY for http", "http://api.test", { HTTP_PROXY: PROXY }, PROXY],
    ["http_proxy for http", "http://api.test", { http_proxy: PROXY }, PROXY],
    ["HTTP_PROXY is not for https", "https://api.test", { HTTP_PROXY: PROXY }, undefined],
    ["HTTPS_PROXY is not for http", "http://api.test", { HTTPS_PROXY: PROXY }, undefined],
    ["ALL_PROXY is not read", "https://api.test", { ALL_PROXY: PROXY }, undefined],
    [
      "REQUEST_METHOD does not matter for https",
      "https://api.test",
      { HTTPS_PROXY: PROXY, REQUEST_METHOD: "GET" },
      PROXY,
    ],
    ["localhost is never proxied", "https://localhost:6443", { HTTPS_PROXY: PROXY }, undefined],
    ["127.0.0.1 is never proxied", "https://127.0.0.1:6443", { HTTPS_PROXY: PROXY }, undefined],
    ["127.9.9.9 is never proxied", "https://127.9.9.9", { HTTPS_PROXY: PROXY }, undefined],
    ["::1 is never proxied", "https://[::1]:6443", { HTTPS_PROXY: PROXY }, undefined],
    ["::ffff:127.0.0.1 is never proxied", "https://[::ffff:127.0.0.1]", { HTTPS_PROXY: PROXY }, undefined],
    ["a name that begins like loopback is", "https://127.evil.test", { HTTPS_PROXY: PROXY }, PROXY],
    ["a name below localhost is", "https://a.localhost", { HTTPS_PROXY: PROXY }, PROXY],
  ])("%s", (_name, server, env, wanted) => {
    expect(named(server, env)).toBe(wanted);
  });

  test("REQUEST_METHOD with HTTP_PROXY is refused for http", () => {
    const env = { HTTP_PROXY: PROXY, REQUEST_METHOD: "GET" };
    expect(() => named("http://api.test", env)).toThrow(
      "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy",
    );
  });
});

describe("how a variable is read", () => {
  test.each([
    ["host and port", "p.test:3128", "http://p.test:3128"],
    ["a host", "p.test", "http://p.test:80"],
    ["an address and a port", "10.0.0.1:8080", "http://10.0.0.1:8080"],
    ["IPv6", "[fd00::1]:8080", "http://[fd00::1]:8080"],
    ["https", "https://p.test", "https://p.test:443"],
    ["socks5", "socks5://p.test", "socks5://p.test:1080"],
    ["socks5h, which Go's client takes for the same", "socks5h://p.test:1", "socks5://p.test:1"],
    ["capital letters", "HTTP://p.test:1", "http://p.test:1"],
    ["path, query and fragment", "http://p.test:1/a?b#c", "http://p.test:1"],
    ["an empty port", "http://p.test:", "http://p.test:80"],
    ["user and password without a scheme", "me:canary@p.test:1", "http://p.test:1"],
  ])("%s", (_name, value, wanted) => {
    expect(named("https://api.test", { HTTPS_PROXY: value })).toBe(wanted);
  });

  test.each([
    ["no host", "http://"],
    ["another scheme", "ftp://p.test"],
    ["socks4", "socks4://p.test"],
    ["a port that is none", "http://p.test:port"],
    ["a port that is too high", "http://p.test:65536"],
    ["a space", "http://p test"],
    ["a control character", "http://p\u0001"],
    ["an escape that is none", "http://me:%zz@p.test"],
  ])("%s is refused", (_name, value) => {
    expect(() => named("https://api.test", { HTTPS_PROXY: value })).toThrow(/Cannot use the proxy/);
  });

  test("user name and password", () => {
    const read = (value: string): readonly (string | undefined)[] => {
      const { credentials } = environmentProxy(new URL("https://api.test"), { HTTPS_PROXY: value }) ?? {};
      return [credentials?.username, credentials?.password.reveal()];
    };
    expect(read("http://me:can%40ary%3A@p")).toEqual(["me", "can@ary:"]);
    expect(read("http://me@p")).toEqual(["me", ""]);
    expect(read("http://:pw@p")).toEqual(["", "pw"]);
    expect(read("http://p")).toEqual([undefined, undefined]);
  });
});

describe("NO_PROXY", () => {
  test.each([
    ["everything", "*", "https://api.test", false],
    ["everything among others", "a,*,b", "https://api.test", false],
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
    ["a domain and a port", ".test:6443", "https://api.test:6443", false],
    ["only a port", ":443", "https://api.test", true],
    ["a scheme, which is no part of it", "https://api.test", "https://api.test", true],
    ["a name in another script", "bücher.test", "https://xn--bcher-kva.test", false],
    ["an address", "10.1.2.3", "https://10.1.2.3:6443", false],
    ["an address and its port", "10.1.2.3:6443", "https://10.1.2.3:6443", false],
    ["an address and another port", "10.1.2.3:443", "https://10.1.2.3:6443", true],
    ["an address that begins alike", "10.1.2", "https://10.1.2.3:6443", true],
    ["an address that ends alike", "2.3", "https://10.1.2.3:6443", true],
    ["an address with leading zeros, which Go takes for a name", "010.1.2.3", "https://10.1.2.3", true],
    ["a network", "10.0.0.0/8", "https://10.1.2.3:6443", false],
    ["a network that ends within a byte", "10.1.2.0/30", "https://10.1.2.3", false],
    ["the address after it", "10.1.2.0/30", "https://10.1.2.4", true],
    ["a network of one", "10.1.2.3/32", "https://10.1.2.3", false],
    ["all of IPv4", "0.0.0.0/0", "https://10.1.2.3", false],
    ["all of IPv4 and an IPv6 address", "0.0.0.0/0", "https://[fd00::1]", true],
    ["another network", "10.0.0.0/16", "https://10.1.2.3:6443", true],
    ["a network with leading zeros, as Kubernetes allows", "010.000.0.0/8", "https://10.1.2.3:6443", false],
    ["a network and a name", "10.0.0.0/8", "https://api.test", true],
    ["a network of IPv6", "fd00::/8", "https://[fd00::1]:6443", false],
    ["an address of IPv6", "fd00::1", "https://[fd00::1]:6443", false],
    ["an address of IPv6, written otherwise", "FD00:0::0001", "https://[fd00::1]:6443", false],
    ["an address of IPv6 and its port", "[fd00::1]:6443", "https://[fd00::1]:6443", false],
    ["an address of IPv6 in brackets, which is a name", "[fd00::1]", "https://[fd00::1]", true],
    ["IPv4 written as IPv6", "::ffff:10.1.2.3", "https://10.1.2.3", false],
    ["a network of IPv4 written as IPv6", "::ffff:10.0.0.0/104", "https://10.1.2.3", false],
    ["a network that is none", "10.0.0.0/99", "https://10.1.2.3", true],
    ["one of several, with spaces", "a.test, 10.0.0.0/8 ,,api.test", "https://api.test", false],
    ["nothing", "", "https://api.test", true],
    ["only a dot", ".", "https://api.test", true],
  ])("with %s", (_name, exempt, server, proxied) => {
    const wanted = proxied ? PROXY : undefined;
    expect(named(server, { HTTPS_PROXY: PROXY, NO_PROXY: exempt })).toBe(wanted);
    expect(named(server, { HTTPS_PROXY: PROXY, no_proxy: exempt })).toBe(wanted);
    expect(named(server, { HTTPS_PROXY: PROXY, NO_PROXY: "", no_proxy: exempt })).toBe(wanted);
  });
});

describe("proxy-url of a kubeconfig (credentials.md §1.7)", () => {
  test.each([
    ["http://p.test", "http://p.test:80"],
    ["https://p.test:8443", "https://p.test:8443"],
    ["socks5://p.test", "socks5://p.test:1080"],
    ["http://127.0.0.1:3128", "http://127.0.0.1:3128"],
  ])("%s is good", (text, wanted) => {
    expect(proxyUrlFault(text)).toBeUndefined();
    expect(proxyName(kubeconfigProxy(text))).toBe(wanted);
  });

  test.each([
    ["socks6://p.test", `unsupported scheme "socks6", must be http, https, or socks5`],
    ["socks5h://p.test", `unsupported scheme "socks5h", must be http, https, or socks5`],
    ["example.com", `unsupported scheme "", must be http, https, or socks5`],
    ["chewbacca@example.com", `unsupported scheme "", must be http, https, or socks5`],
    ["example.com:3128", `unsupported scheme "example.com", must be http, https, or socks5`],
    ["127.0.0.1:3128", "could not parse: 127.0.0.1:3128"],
    [":3128", "could not parse: :3128"],
    ["http://p.test:port", "could not parse: http://p.test:port"],
    ["http://p test", "could not parse: http://p test"],
    ["http://p.test/%zz", "could not parse: http://p.test/%zz"],
    ["http://me:canary@p.test:port", "could not parse: http://me:xxxxx@p.test:port"],
  ])("%s", (text, wanted) => {
    expect(proxyUrlFault(text)).toBe(wanted);
    expect(() => kubeconfigProxy(text)).toThrow(wanted);
  });

  test.each(["http://", "http:p", "http:///x", "http://p.test:65536"])("%s has nowhere to go", (text) => {
    expect(proxyUrlFault(text)).toBeUndefined();
    expect(() => kubeconfigProxy(text)).toThrow(/no host, or a port that is none/);
  });
});

test("a password is hidden wherever it stands", () => {
  expect(withoutPassword("http://me:a@b:c@p.test:1")).toBe("http://me:xxxxx@p.test:1");
  expect(withoutPassword("me:can/ary@p.test")).toBe("me:xxxxx@p.test");
  expect(withoutPassword("http://me@p.test")).toBe("http://me@p.test");
  expect(withoutPassword("http://p.test:1")).toBe("http://p.test:1");
});

test("no text crashes it, and no password comes out of a complaint", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), fc.string(), (left, between, right) => {
      for (const text of [left, `http://u:canary${between}@${right}`, `u:canary${between}@${right}`])
        for (const read of [
          () => kubeconfigProxy(text),
          () => environmentProxy(new URL("https://api.test"), { HTTPS_PROXY: text, NO_PROXY: right }),
        ])
          try {
            read();
          } catch (error) {
            if (!isKnownError(error, "PROXY_URL_INVALID")) throw error;
            if (text !== left) expect(error.message).not.toContain("canary");
          }
    }),
  );
});
