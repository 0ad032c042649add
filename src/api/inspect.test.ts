import { describe, expect, test } from "vitest";
import {
  clientConfig,
  plainServer,
  quietSystem,
  rawServer,
  secureServer,
  VALID,
  type SecureServed,
} from "../../test/api-server.ts";
import { connectProxy, socksProxy } from "../../test/proxies.ts";
import { keepForTest } from "../../test/keep.ts";
import type { System } from "../base/system.ts";
import { after, millis } from "../base/units.ts";
import { createAuthority, type CertificateWishes } from "../base/x509.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { inspectServer, type ServerInspection, type ShownTls } from "./inspect.ts";

const keep = keepForTest();

const HOUR = 60 * 60 * 1000;
const other = createAuthority({ commonName: "other", ...VALID });

/** Fails the test when anything is asked of it. */
const server = async (
  wishes: Partial<CertificateWishes> = {},
): Promise<SecureServed & { readonly asked: string[] }> => {
  const asked: string[] = [];
  const served = await secureServer(
    (request, response) => {
      asked.push(request.url ?? "");
      response.end();
    },
    { names: ["127.0.0.1", "cluster.test"], ...wishes },
    { requestCert: true, rejectUnauthorized: false },
  );
  return keep(Object.assign(served, { asked }));
};

const inspect = async (
  url: string,
  cluster: Partial<Cluster> = {},
  system: System = quietSystem(),
): Promise<ServerInspection> => await inspectServer(clientConfig(url, cluster), system);

const tlsOf = (inspection: ServerInspection): ShownTls => {
  if (inspection.kind === "reached" && inspection.tls !== undefined) return inspection.tls;
  throw inspection.kind === "unreachable" ? inspection.error : new Error("no TLS");
};

const trusting = (served: SecureServed): Partial<Cluster> => ({
  certificateAuthorityData: served.authority.cert,
});

test("a server that is to be trusted: names, dates, issuer, and nothing asked of it", async () => {
  const served = await server({ organizations: ["masters"] });
  const found = await inspect(`${served.url}/prefix`, trusting(served));
  expect(found).toMatchObject({ kind: "reached", server: `${served.url}/prefix`, proxy: undefined });
  const { chain, ...rest } = tlsOf(found);
  expect(rest).toEqual({ protocol: "TLSv1.3", serverName: "127.0.0.1", faults: [] });
  expect(chain[0]).toEqual({
    subject: "O=masters, CN=kube-apiserver",
    issuer: "CN=authority",
    names: ["127.0.0.1", "cluster.test"],
    notBefore: Math.floor(VALID.notBefore / 1000) * 1000,
    notAfter: Math.floor(VALID.notAfter / 1000) * 1000,
  });
  expect(chain.at(-1)).toMatchObject({ subject: "CN=authority" });
  expect(served.asked).toEqual([]);
});

describe("why one is not to be trusted, all of it", () => {
  const over = {
    notBefore: after(VALID.notBefore, millis(-2 * HOUR)),
    notAfter: after(VALID.notBefore, millis(-HOUR)),
  };
  test.each<
    [
      name: string,
      wishes: Partial<CertificateWishes>,
      cluster: (served: SecureServed) => Partial<Cluster>,
      wanted: readonly string[],
    ]
  >([
    [
      "another authority",
      {},
      () => ({ certificateAuthorityData: other.cert }),
      ["not issued by the authority that the kubeconfig names"],
    ],
    [
      "no authority that the system knows",
      {},
      () => ({}),
      ["not issued by an authority that this system trusts"],
    ],
    ["another name", { names: ["x.test"] }, trusting, ["for another name"]],
    [
      "another tls-server-name",
      {},
      (served) => ({ ...trusting(served), tlsServerName: "x.test" }),
      ["for another name"],
    ],
    ["over", over, trusting, ["has expired"]],
    ["not begun", { notBefore: after(VALID.notAfter, millis(-HOUR)) }, trusting, ["is not valid yet"]],
    ["for clients", { use: "client" }, trusting, ["not one for servers"]],
    [
      "everything",
      { ...over, names: ["x.test"] },
      () => ({ certificateAuthorityData: other.cert }),
      ["has expired", "not issued by", "for another name"],
    ],
    [
      "even though nobody looks",
      { names: ["x.test"] },
      () => ({ insecureSkipTlsVerify: true }),
      ["not issued by", "for another name"],
    ],
  ])("%s", async (_name, wishes, cluster, wanted) => {
    const served = await server(wishes);
    const { faults, chain } = tlsOf(await inspect(served.url, cluster(served)));
    expect(faults.map(({ code }) => code)).toEqual(wanted.map(() => "TLS_UNTRUSTED"));
    for (const [index, text] of wanted.entries()) expect(faults[index]?.message).toContain(text);
    expect(chain[0]?.subject).toBe("CN=kube-apiserver");
  });

  test("an authority file that is empty trusts nobody", async () => {
    const served = await server();
    const system = quietSystem();
    const files = { ...system.files, read: () => Promise.resolve(Buffer.alloc(0)) };
    const { faults } = tlsOf(
      await inspect(served.url, { certificateAuthority: "/ca.crt" }, { ...system, files }),
    );
    expect(faults.map(({ code }) => code)).toEqual(["TLS_UNTRUSTED"]);
  });
});

test("controls in names are escaped", async () => {
  const served = await server({ commonName: "a\u001b[2Jb" });
  const { chain } = tlsOf(await inspect(served.url, trusting(served)));
  expect(chain[0]?.subject).not.toContain("\u001b");
});

describe("the way there", () => {
  test.each(["http", "socks5"] as const)("through a proxy of %s, without its password", async (kind) => {
    const served = await server();
    const options = {
      route: () => ({ host: "127.0.0.1", port: served.port }),
      credentials: { username: "me", password: "canary" },
    };
    const proxy = keep(kind === "http" ? await connectProxy(options) : await socksProxy(options));
    const proxyUrl = proxy.url.replace("://", "://me:canary@");
    const found = await inspect("https://cluster.test:6443", { ...trusting(served), proxyUrl });
    expect(found.proxy).toEqual({ name: proxy.url, from: "proxy-url of the kubeconfig" });
    expect(tlsOf(found).faults).toEqual([]);
    expect(proxy.asked).toEqual(["cluster.test:6443"]);
  });

  test("plain http has no certificate", async () => {
    const served = keep(await plainServer((_request, response) => response.end()));
    expect(await inspect(served.url)).toMatchObject({ kind: "reached", tls: undefined });
  });

  test.each<[name: string, url: string, cluster: Partial<Cluster>, code: string]>([
    ["nobody listens", "https://127.0.0.1:1", {}, "CONNECTION_REFUSED"],
    ["the name has no address", "https://no-such-name.invalid", {}, "DNS_FAILED"],
    ["the proxy is away", "https://cluster.test", { proxyUrl: "http://127.0.0.1:1" }, "PROXY_UNREACHABLE"],
    ["proxy-url is wrong", "https://cluster.test", { proxyUrl: "ftp://x" }, "PROXY_URL_INVALID"],
    [
      "the authority is wrong",
      "https://127.0.0.1:1",
      { certificateAuthorityData: "x" },
      "CLIENT_CONFIG_INVALID",
    ],
    [
      "authority and insecure",
      "https://127.0.0.1:1",
      { certificateAuthorityData: "x", insecureSkipTlsVerify: true },
      "CLIENT_CONFIG_INVALID",
    ],
  ])("%s", async (_name, url, cluster, code) => {
    expect(await inspect(url, cluster)).toMatchObject({ kind: "unreachable", error: { code } });
  });

  test("something that speaks no TLS", async () => {
    const served = keep(await rawServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "https"));
    expect(await inspect(served.url)).toMatchObject({ kind: "unreachable", error: { code: "TLS_FAILED" } });
  });

  test("the signal ends it with its reason", async () => {
    const stop = new AbortController();
    const served = keep(await rawServer(() => stop.abort(new Error("enough")), "https"));
    const asking = inspectServer(clientConfig(served.url), quietSystem(), { signal: stop.signal });
    await expect(asking).rejects.toThrow("enough");
  });
});
