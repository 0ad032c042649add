import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import {
  bearer,
  connected,
  json,
  plainServer,
  quietSystem,
  secureServer,
  sourceOf,
  VALID,
  type SecureServed,
  type Served,
} from "../../test/api-server.ts";
import { connectProxy, socksProxy, type ProxyOptions, type TestProxy } from "../../test/proxies.ts";
import { keepForTest } from "../../test/keep.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { createAuthority } from "../base/x509.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import type { ApiRequest, Connection } from "./types.ts";

const keep = keepForTest();
const to = (...args: Parameters<typeof connected>): Connection => keep(connected(...args));

const NAME = "cluster.test";
const GET: ApiRequest = { method: "GET", path: "/version", query: { a: "b" } };
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test/1\r\n\r\n";
const UPGRADE = {
  method: "POST",
  path: "/x",
  headers: [
    ["Upgrade", "test/1"],
    ["Content-Length", "0"],
  ],
} as const;

const company = createAuthority({ commonName: "company", ...VALID });
const shield = company.issue({ commonName: "proxy", names: ["127.0.0.1"], use: "server", ...VALID });

interface Seen {
  readonly server: Served & Partial<SecureServed>;
  readonly heads: (readonly string[])[];
  readonly targets: (string | undefined)[];
}

/** An API server under a made-up name: says who asked, watches two events, and takes upgrades. */
const apiServer = async (scheme: "http" | "https"): Promise<Seen> => {
  const heads: (readonly string[])[] = [];
  const targets: (string | undefined)[] = [];
  const handler: Parameters<typeof plainServer>[0] = (request, response) => {
    heads.push(request.rawHeaders);
    targets.push(request.url);
    if (request.url?.includes("/watch") === true) response.end('{"a":1}\n{"a":2}\n');
    else
      json(response, 200, {
        name: (request.socket as TLSSocket).getPeerCertificate?.().subject?.CN,
        as: request.headers.authorization,
      });
  };
  const upgrade = (request: { readonly rawHeaders: readonly string[] }, socket: Socket): void => {
    heads.push(request.rawHeaders);
    socket.write(`${SWITCH}early`);
    socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
  };
  const server =
    scheme === "http"
      ? await plainServer(handler, upgrade)
      : await secureServer(
          handler,
          { names: [NAME] },
          { requestCert: true, rejectUnauthorized: false },
          upgrade,
        );
  return { server: keep(server), heads, targets };
};

type Kind = "http" | "https" | "socks5";
const openProxy = async (kind: Kind, options: Omit<ProxyOptions, "certificate">): Promise<TestProxy> =>
  keep(
    kind === "socks5"
      ? await socksProxy(options)
      : await connectProxy({ ...options, ...(kind === "https" ? { certificate: shield } : {}) }),
  );

/** A machine that trusts the company, as machines with such a proxy do. */
const companyMachine = (env: Readonly<Record<string, string>> = {}): ReturnType<typeof quietSystem> => {
  const system = quietSystem({ SSL_CERT_FILE: "/company.pem", SSL_CERT_DIR: "/none", ...env });
  const files: System["files"] = {
    ...system.files,
    read: async (path, limit) =>
      path === "/company.pem" ? Buffer.from(company.cert) : await system.files.read(path, limit),
  };
  return { ...system, files };
};

const withUser = (url: string, user: string): string => url.replace("://", `://${user}@`);

const KINDS: readonly Kind[] = ["http", "https", "socks5"];
const SCHEMES = ["https", "http"] as const;

describe.each(KINDS.flatMap((kind) => SCHEMES.map((scheme) => [scheme, kind] as const)))(
  "an API server of %s through a proxy of %s",
  (scheme, kind) => {
    const scene = async (): Promise<Seen & { proxy: TestProxy; connection: Connection }> => {
      const seen = await apiServer(scheme);
      const proxy = await openProxy(kind, {
        route: () => ({ host: "127.0.0.1", port: seen.server.port }),
        credentials: { username: "me", password: "canary" },
      });
      const { authority } = seen.server;
      const connection = to(
        `${scheme}://${NAME}:6443/base`,
        {
          proxyUrl: withUser(proxy.url, "me:canary"),
          ...(authority === undefined ? {} : { certificateAuthorityData: authority.cert }),
        },
        undefined,
        companyMachine({ NO_PROXY: "*" }),
      );
      return { ...seen, proxy, connection };
    };
    const forwarded = scheme === "http" && kind !== "socks5";

    test("gets requests over one connection, and nothing that is for the proxy", async () => {
      const { connection, proxy, heads, targets, server } = await scene();
      for (let turn = 0; turn < 3; turn++)
        expect(await connection.request(GET)).toMatchObject({ status: 200, body: { as: "Bearer t" } });
      expect(targets).toEqual(["/base/version?a=b", "/base/version?a=b", "/base/version?a=b"]);
      expect(new Set(proxy.asked)).toEqual(
        new Set([forwarded ? `http://${NAME}:6443/base/version?a=b` : `${NAME}:6443`]),
      );
      if (!forwarded) expect([proxy.asked.length, server.accepted]).toEqual([1, 1]);
      expect(heads[0]?.slice(0, 2)).toEqual(["Host", `${NAME}:6443`]);
      expect(heads.flat().join(" ")).not.toMatch(/proxy-auth|canary/i);
    });

    test("gives watches", async () => {
      const { connection } = await scene();
      const lines: unknown[] = [];
      for await (const line of connection.stream({ method: "GET", path: "/watch" })) lines.push(line);
      expect(lines).toEqual([{ a: 1 }, { a: 2 }]);
    });

    test("takes upgrades, on a connection of their own", async () => {
      const { connection, proxy, heads } = await scene();
      await connection.request(GET);
      const answer = await connection.upgrade(UPGRADE);
      if (answer.kind === "refused") throw new Error(`refused with ${answer.status}`);
      const { socket } = answer;
      let text = answer.head.toString();
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.write("ping");
      await expect.poll(() => text).toBe("earlyecho ping");
      expect(proxy.asked.at(-1)).toBe(`${NAME}:6443`);
      expect(heads.flat().join(" ")).not.toMatch(/proxy-auth|canary/i);
      socket.destroy();
    });
  },
);

describe("the proxy of the environment", () => {
  const scene = async (
    env: (proxy: TestProxy) => Readonly<Record<string, string>>,
    cluster: Partial<Cluster> = {},
    host = NAME,
  ): Promise<{ proxy: TestProxy; asking: Promise<unknown> }> => {
    const { server } = await apiServer("https");
    const proxy = await openProxy("http", { route: () => ({ host: "127.0.0.1", port: server.port }) });
    const connection = to(
      `https://${host}:${server.port}`,
      { certificateAuthorityData: server.authority?.cert, tlsServerName: NAME, ...cluster },
      undefined,
      quietSystem(env(proxy)),
    );
    return { proxy, asking: connection.request(GET) };
  };

  test("is used", async () => {
    const { proxy, asking } = await scene(({ url }) => ({ HTTPS_PROXY: url }));
    expect(await asking).toMatchObject({ status: 200 });
    expect(proxy.asked).toHaveLength(1);
  });

  test("is not used for loopback", async () => {
    const { proxy, asking } = await scene(({ url }) => ({ HTTPS_PROXY: url }), {}, "127.0.0.1");
    expect(await asking).toMatchObject({ status: 200 });
    expect(proxy.asked).toEqual([]);
  });

  test("is not used for what NO_PROXY names", async () => {
    const { proxy, asking } = await scene(({ url }) => ({ HTTPS_PROXY: url, NO_PROXY: ".test" }));
    await expect(asking).rejects.toMatchObject({ code: "DNS_FAILED" });
    expect(proxy.asked).toEqual([]);
  });

  test("gives way to proxy-url", async () => {
    const other = await openProxy("http", { route: () => undefined });
    const { proxy, asking } = await scene(({ url }) => ({ HTTPS_PROXY: url }), { proxyUrl: other.url });
    await expect(asking).rejects.toMatchObject({ code: "PROXY_REFUSED" });
    expect([proxy.asked.length, other.asked.length]).toEqual([0, 1]);
  });
});

test("proxy-url leads to loopback too", async () => {
  const { server } = await apiServer("http");
  const proxy = await openProxy("http", {});
  await to(server.url, { proxyUrl: proxy.url }).request(GET);
  expect(proxy.asked).toHaveLength(1);
});

test.each([
  ["ftp://p.test", `unsupported scheme "ftp"`],
  ["http://me:canary@p.test:port", "could not parse"],
])("proxy-url %s is refused before anything is dialled", (proxyUrl, text) => {
  const connecting = (): Connection => to("https://cluster.test", { proxyUrl });
  expect(connecting).toThrow(text);
  expect(connecting).not.toThrow(/canary/);
});

describe("what is shown to an HTTPS proxy", () => {
  const person = company.issue({ commonName: "ada", use: "client", ...VALID });
  const certificate = { cert: person.cert, key: new Secret(person.key) };
  const source = sourceOf({ header: undefined, certificate, expiresAt: undefined });

  test("the client certificate is for the API server only", async () => {
    const { server } = await apiServer("https");
    const proxy = keep(
      await connectProxy({
        route: () => ({ host: "127.0.0.1", port: server.port }),
        certificate: shield,
        clientAuthority: company.cert,
      }),
    );
    const connection = to(
      `https://${NAME}`,
      { certificateAuthorityData: server.authority?.cert, proxyUrl: proxy.url },
      source,
      companyMachine(),
    );
    expect((await connection.request(GET)).body).toMatchObject({ name: "ada" });
    expect(proxy.shown).toEqual([undefined]);
  });

  const trusting = async (cluster: Partial<Cluster>, system: System): Promise<unknown> => {
    const proxy = await openProxy("https", { route: () => undefined });
    return await to(`https://${NAME}`, { proxyUrl: proxy.url, ...cluster }, undefined, system)
      .request(GET)
      .then(
        () => "answered",
        (error: unknown) => (error as { code?: unknown }).code,
      );
  };

  // client-go takes the cluster's authority for the proxy too; we take it and those of the system.
  test.each<[name: string, cluster: Partial<Cluster>, machine: () => System, wanted: string]>([
    [
      "the authority of the kubeconfig",
      { certificateAuthorityData: company.cert },
      quietSystem,
      "PROXY_REFUSED",
    ],
    ["an authority of the system", {}, companyMachine, "PROXY_REFUSED"],
    [
      "an authority of the system, with another in the kubeconfig",
      { certificateAuthorityData: createAuthority({ commonName: "x", ...VALID }).cert },
      companyMachine,
      "PROXY_REFUSED",
    ],
    ["no authority that is known", {}, quietSystem, "PROXY_UNREACHABLE"],
    ["nobody, with insecure-skip-tls-verify", { insecureSkipTlsVerify: true }, quietSystem, "PROXY_REFUSED"],
  ])("%s vouches for it", async (_name, cluster, machine, wanted) => {
    expect(await trusting(cluster, machine())).toBe(wanted);
  });
});

test.each(KINDS)(
  "without the proxy's password (%s) nothing is sent and the next step is told",
  async (kind) => {
    const { server, heads } = await apiServer("https");
    const proxy = await openProxy(kind, {
      route: () => ({ host: "127.0.0.1", port: server.port }),
      credentials: { username: "me", password: "right-canary" },
    });
    const connection = to(
      `https://${NAME}`,
      { proxyUrl: withUser(proxy.url, "me:wrong-canary"), certificateAuthorityData: server.authority?.cert },
      sourceOf(bearer("token-canary")),
      companyMachine(),
    );
    const failed = await connection.request(GET).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: "PROXY_AUTH",
      hint: expect.stringContaining("proxy-url") as string,
    });
    expect(String(failed)).not.toContain("canary");
    expect(heads).toEqual([]);
  },
);
