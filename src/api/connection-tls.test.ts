import { once } from "node:events";
import type { ServerOptions } from "node:https";
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
} from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import { Secret } from "../base/secret.ts";
import { after, epochMillis, millis } from "../base/units.ts";
import { createAuthority, selfSigned, type IssuedCertificate } from "../base/x509.ts";
import type { Credential } from "../credentials/index.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import type { ApiRequest, Connection } from "./types.ts";

const keep = keepForTest();
const to = (...args: Parameters<typeof connected>): Connection => keep(connected(...args));

const GET: ApiRequest = { method: "GET", path: "/version" };
const HOUR = 60 * 60 * 1000;
const NOW = epochMillis(Date.now());

/** A server, and whether a request with its credential has reached it. */
const secure = async (
  ...args: Parameters<typeof secureServer> extends [unknown, ...infer Rest] ? Rest : never
): Promise<{ readonly server: SecureServed; readonly requests: string[] }> => {
  const requests: string[] = [];
  const server = await secureServer(
    (request, response) => {
      const { authorized } = request.socket as TLSSocket;
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
      requests.push(request.headers.authorization ?? "");
      json(response, 200, { authorized, name: CN });
    },
    ...args,
  );
  keep(server);
  return { server, requests };
};

const trusting = (server: SecureServed): Partial<Cluster> => ({
  certificateAuthorityData: server.authority.cert,
});

test("a server whose certificate the kubeconfig's authority issued is trusted", async () => {
  const { server, requests } = await secure();
  expect((await to(server.url, trusting(server)).request(GET)).status).toBe(200);
  expect(requests).toEqual(["Bearer t"]);
});

describe("a server that is not to be trusted gets no credential", () => {
  const refusedBy = async (
    { server, requests }: Awaited<ReturnType<typeof secure>>,
    cluster: Partial<Cluster>,
    text: string,
  ): Promise<void> => {
    const wanted = { code: "TLS_UNTRUSTED", message: expect.stringContaining(text) as string };
    const connection = to(server.url, cluster);
    await expect(connection.request(GET)).rejects.toMatchObject(wanted);
    const stream = connection.stream(GET)[Symbol.asyncIterator]().next();
    await expect(stream).rejects.toMatchObject(wanted);
    const upgrade = connection.upgrade({ method: "GET", path: "/x", headers: [["Upgrade", "x"]] });
    await expect(upgrade).rejects.toMatchObject(wanted);
    expect(requests).toEqual([]);
  };

  test("another authority", async () => {
    const other = createAuthority({ commonName: "authority", ...VALID });
    await refusedBy(await secure(), { certificateAuthorityData: other.cert }, "not issued by the authority");
  });

  test("no authority, and the system's know it not", async () => {
    await refusedBy(await secure(), {}, "not issued by an authority that this system trusts");
  });

  test("it vouches for itself", async () => {
    const own = selfSigned({ commonName: "a", names: ["127.0.0.1"], use: "server", ...VALID });
    const made = await secure({}, own);
    await refusedBy(made, trusting(made.server), "not issued by the authority");
  });

  test.each([
    [
      "expired",
      { notBefore: after(NOW, millis(-2 * HOUR)), notAfter: after(NOW, millis(-HOUR)) },
      "has expired",
    ],
    ["not valid yet", { notBefore: after(NOW, millis(HOUR)), notAfter: VALID.notAfter }, "is not valid yet"],
    ["for another address", { names: ["127.0.0.2"] }, "for another name"],
    ["for a name only", { names: ["localhost"] }, "for another name"],
    ["for no name", { names: [] }, "for another name"],
    ["for clients", { use: "client" as const }, "not one for servers"],
  ])("its certificate is %s", async (_name, wishes, text) => {
    const made = await secure(wishes);
    await refusedBy(made, trusting(made.server), text);
  });

  test("tls-server-name is another than the certificate's", async () => {
    const made = await secure();
    await refusedBy(made, { ...trusting(made.server), tlsServerName: "kubernetes.test" }, "for another name");
  });
});

test.each([
  ["tls-server-name", "127.0.0.1", "kubernetes.test", "kubernetes.test"],
  ["the server's name", "localhost", undefined, "localhost"],
  ["no name, where the server is an address,", "127.0.0.1", undefined, undefined],
])("%s is asked for and checked", async (_name, host, tlsServerName, wanted) => {
  const asked: string[] = [];
  const SNICallback: NonNullable<ServerOptions["SNICallback"]> = (name, done) => {
    asked.push(name);
    done(null);
  };
  const { server } = await secure({ names: [wanted ?? host] }, { SNICallback });
  const connection = to(`https://${host}:${server.port}`, { ...trusting(server), tlsServerName });
  expect((await connection.request(GET)).status).toBe(200);
  expect(asked).toEqual(wanted === undefined ? [] : [wanted]);
});

test("insecure-skip-tls-verify trusts anybody, and says so at each start", async () => {
  const { server, requests } = await secure({ names: ["other.test"] });
  const system = quietSystem();
  const connection = to(server.url, { insecureSkipTlsVerify: true }, undefined, system);
  expect(system.said).toEqual([
    `Warning: The certificate of ${server.url} is not verified (insecure-skip-tls-verify)`,
  ]);
  expect((await connection.request(GET)).status).toBe(200);
  expect(requests).toHaveLength(1);
  to(server.url, { insecureSkipTlsVerify: true }, undefined, system);
  expect(system.said).toHaveLength(2);
});

test("TLS before 1.2 is refused", async () => {
  const { server, requests } = await secure(
    {},
    { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
  );
  await expect(to(server.url, trusting(server)).request(GET)).rejects.toMatchObject({ code: "TLS_FAILED" });
  expect(requests).toEqual([]);
});

test("something that speaks no TLS is told from a lost connection", async () => {
  const server = await plainServer((_request, response) => json(response, 200, {}));
  keep(server);
  await expect(to(server.url.replace("http:", "https:")).request(GET)).rejects.toMatchObject({
    code: "TLS_FAILED",
  });
});

describe("a client certificate", () => {
  const people = createAuthority({ commonName: "people", ...VALID });
  const person = (commonName: string): IssuedCertificate =>
    people.issue({ commonName, use: "client", ...VALID });
  const credentialOf = (pair: { readonly cert: string; readonly key: string }): Credential => ({
    header: undefined,
    certificate: { cert: pair.cert, key: new Secret(pair.key) },
    expiresAt: undefined,
  });
  const asking = async () =>
    await secure({}, { ca: people.cert, requestCert: true, rejectUnauthorized: false });

  test("is shown, without a header", async () => {
    const { server, requests } = await asking();
    const connection = to(server.url, trusting(server), sourceOf(credentialOf(person("ada"))));
    expect((await connection.request(GET)).body).toMatchObject({ authorized: true, name: "ada" });
    expect(requests).toEqual([""]);
  });

  test("that is another one gets other connections, and the old ones end", async () => {
    const { server } = await asking();
    let current = credentialOf(person("ada"));
    const source = { ...sourceOf(), get: () => Promise.resolve(current) };
    const connection = to(server.url, trusting(server), source);
    expect((await connection.request(GET)).body).toMatchObject({ name: "ada" });
    const [adas] = server.open;
    if (adas === undefined) throw new Error("no connection is open");
    const closed = once(adas, "close");
    current = credentialOf(person("bob"));
    expect((await connection.request(GET)).body).toMatchObject({ name: "bob" });
    await closed;
    current = bearer("t");
    expect((await connection.request(GET)).body).toMatchObject({ authorized: false });
    expect(server.accepted).toBe(3);
    current = bearer("another token");
    await connection.request(GET);
    expect(server.accepted).toBe(3);
  });

  test.each([
    ["whose key belongs to another", { ...person("ada"), key: person("bob").key }],
    ["that is garbage", { cert: "garbage", key: person("ada").key }],
    ["whose key is garbage", { cert: person("ada").cert, key: "canary" }],
  ])("%s is a fault of the configuration, and the key is not quoted", async (_name, pair) => {
    const { server, requests } = await asking();
    const connection = to(server.url, trusting(server), sourceOf(credentialOf(pair)));
    const asked = connection.request(GET);
    await expect(asked).rejects.toMatchObject({ code: "CLIENT_CONFIG_INVALID", exit: 2 });
    await expect(asked).rejects.not.toThrow(/canary|PRIVATE/);
    expect(requests).toEqual([]);
  });
});

// Node reads no certificate there, and must not fall back to the system's roots for that.
test("an authority that looks like PEM and is none trusts nobody", async () => {
  const { server, requests } = await secure();
  const certificateAuthorityData = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await expect(to(server.url, { certificateAuthorityData }).request(GET)).rejects.toMatchObject({
    code: "CLIENT_CONFIG_INVALID",
    message: "unable to load root certificates: failed to parse certificate: x509: malformed certificate",
  });
  expect(requests).toEqual([]);
});
