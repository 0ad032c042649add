import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { ServerOptions } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { json, secureServer, VALID, type SecureServed } from "../../test/api-server.ts";
import { failureOf } from "../../test/failure.ts";
import { createAuthority, type Authority } from "../base/x509.ts";
import { credentialSource, type ExecOptions } from "../credentials/index.ts";
import { HOUR, newBench, V1, type Bench } from "../credentials/plugin.test-d.ts";
import { connect } from "./connection.ts";
import type { Connection } from "./types.ts";

/** From a kubeconfig with a plugin to an API server: what client-go's and Kubernetes' own tests try (credentials.md §2.5). */

let bench: Bench;
const trusted: Authority = createAuthority({ commonName: "clients", ...VALID });
const stranger: Authority = createAuthority({ commonName: "strangers", ...VALID });
beforeEach(async () => {
  bench = await newBench();
  // The certificates are valid today.
  bench.now = Date.now();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const pairOf = (authority: Authority, commonName: string): object => {
  const { cert, key } = authority.issue({ commonName, use: "client", ...VALID });
  return { clientCertificateData: cert, clientKeyData: key };
};
/** What the plugin prints from now on; `hours` is when that ends. */
const answer = async (status: object, hours?: number): Promise<void> => {
  const end =
    hours === undefined ? {} : { expirationTimestamp: new Date(bench.now + hours * HOUR).toISOString() };
  await writeFile(bench.at("answer"), JSON.stringify({ apiVersion: V1, status: { ...status, ...end } }));
};
const open = async (
  served: SecureServed,
  exec: object = {},
  options: ExecOptions = {},
): Promise<Connection> => {
  const command = await bench.script(`cat '${bench.at("answer")}'`);
  const config = await bench.config({
    exec: { command, ...exec },
    cluster: {
      server: served.url,
      "certificate-authority-data": Buffer.from(served.authority.cert).toString("base64"),
    },
  });
  return connect(config, credentialSource(config, bench.system, options), bench.system);
};
const status = async (connection: Connection): Promise<number> =>
  (await connection.request({ method: "GET", path: "/api" })).status;

const nameOf = (request: IncomingMessage): string => {
  const certificate = (request.socket as TLSSocket).getPeerCertificate();
  return certificate.subject?.CN ?? "";
};
const MUST: ServerOptions = { requestCert: true, rejectUnauthorized: true, ca: trusted.cert };
const MAY: ServerOptions = { requestCert: true, rejectUnauthorized: false, ca: trusted.cert };

test("TestRoundTripper", async () => {
  let wanted = "token1";
  await using served = await secureServer((request, response) =>
    json(response, request.headers.authorization === `Bearer ${wanted}` ? 200 : 401, {}),
  );
  await answer({ token: "token1" });
  await using connection = await open(served);
  expect(await status(connection)).toBe(200);
  await answer({ token: "token2" });
  expect(await status(connection)).toBe(200);
  wanted = "token2";
  expect([await status(connection), await status(connection)]).toEqual([401, 200]);
  await answer({ token: "token3" }, 1);
  wanted = "token3";
  // Kept on purpose: a forced run is made every 5 s at most.
  bench.now += 5_000;
  expect([await status(connection), await status(connection)]).toEqual([401, 200]);
  bench.now += 2 * HOUR;
  await answer({ token: "token4" });
  wanted = "token4";
  expect(await status(connection)).toBe(200);
  expect(await bench.runs()).toBe(4);
});

test("TestTLSCredentials", async () => {
  await using served = await secureServer(
    (request, response) => json(response, 200, nameOf(request)),
    {},
    MUST,
  );
  await answer(pairOf(trusted, "valid"), 1);
  await using connection = await open(served);
  expect(await status(connection)).toBe(200);
  bench.now += 2 * HOUR;
  await answer(pairOf(stranger, "untrusted"), 1);
  expect((await failureOf(status(connection))).code).toMatch(/^(?:TLS_FAILED|CONNECTION_LOST)$/);
  bench.now += 2 * HOUR;
  await answer(pairOf(trusted, "valid again"), 1);
  expect(await status(connection)).toBe(200);
  expect(await bench.runs()).toBe(3);
});

test("TestConcurrentUpdateTransportConfig: a hundred first requests, one run", async () => {
  await using served = await secureServer(
    (request, response) => json(response, 200, nameOf(request)),
    {},
    MUST,
  );
  await answer({ token: "t", ...pairOf(trusted, "me") });
  await using connection = await open(served);
  const all = await Promise.all(Array.from({ length: 100 }, async () => await status(connection)));
  expect([new Set(all), await bench.runs()]).toEqual([new Set([200]), 1]);
});

describe("exec_test of Kubernetes", () => {
  /** Like an API server: a token or a certificate that it knows. */
  const server = async (known: { readonly token?: string; readonly name?: string }): Promise<SecureServed> =>
    await secureServer(
      (request, response) => {
        const byToken =
          known.token !== undefined && request.headers.authorization === `Bearer ${known.token}`;
        const byName = known.name !== undefined && nameOf(request) === known.name;
        json(response, byToken || byName ? 200 : 401, [request.headers.authorization, nameOf(request)]);
      },
      {},
      MAY,
    );

  test.each<[string, object, { readonly token?: string; readonly name?: string }]>([
    ["a token", { token: "t" }, { token: "t" }],
    ["a certificate", pairOf(trusted, "me"), { name: "me" }],
    ["both, the token is known", { token: "t", ...pairOf(trusted, "other") }, { token: "t" }],
    ["both, the certificate is known", { token: "other", ...pairOf(trusted, "me") }, { name: "me" }],
  ])("authorized by %s: one run", async (_name, given, known) => {
    await using served = await server(known);
    await answer(given);
    await using connection = await open(served);
    expect([await status(connection), await bench.runs()]).toEqual([200, 1]);
  });

  test("a token and a certificate are both sent", async () => {
    await using served = await server({ name: "me" });
    await answer({ token: "t", ...pairOf(trusted, "me") });
    await using connection = await open(served);
    const { body } = await connection.request({ method: "GET", path: "/api" });
    expect(body).toEqual(["Bearer t", "me"]);
  });

  test.each<[string, object]>([
    ["token", { token: "unknown" }],
    ["certificate", pairOf(trusted, "unknown")],
    ["token and certificate", { token: "unknown", ...pairOf(trusted, "unknown") }],
  ])("unauthorized %s: the 401 is the answer, and two runs were made", async (_name, given) => {
    await using served = await server({ token: "t", name: "me" });
    await answer(given);
    await using connection = await open(served);
    expect([await status(connection), await bench.runs()]).toEqual([401, 2]);
  });

  test.each<[string, string, string]>([
    ["unknown binary", "no-such-plugin", "exec: executable no-such-plugin not found"],
    ["binary not executable", "./answer", "exec: fork/exec DIR/answer: permission denied"],
    ["binary fails", "./fails.sh", "exec: executable DIR/fails.sh failed with exit code 10"],
  ])("%s: an error before any request", async (_name, command, wanted) => {
    await using served = await server({ token: "t" });
    await answer({ token: "t" });
    await bench.script("exit 10", "fails.sh");
    await using connection = await open(served, { command });
    const { message } = await failureOf(status(connection));
    expect(message.replace(bench.directory, "DIR").split("\n")[0]).toBe(`getting credentials: ${wanted}`);
    expect(served.accepted).toBe(0);
  });

  test("policy: nothing is dialled for a plugin that is not allowed", async () => {
    await using served = await server({ token: "t" });
    await answer({ token: "t" });
    await using connection = await open(served, {}, { policy: { kind: "DenyAll" } });
    expect((await failureOf(status(connection))).code).toBe("EXEC_DENIED");
    expect([served.accepted, await bench.runs()]).toEqual([0, 0]);
  });
});

describe("rotation (§2.3)", () => {
  test.each<[string, object, object, boolean]>([
    ["another certificate", pairOf(trusted, "a"), pairOf(trusted, "b"), true],
    ["none, then one", { token: "a" }, pairOf(trusted, "b"), true],
    ["one, then none", pairOf(trusted, "a"), { token: "b" }, true],
    ["another token", { token: "a" }, { token: "b" }, false],
  ])("%s: connections of the old one end: %s", async (_name, first, second, ends) => {
    await using served = await secureServer(
      (request, response) => json(response, 200, nameOf(request)),
      {},
      MAY,
    );
    await answer(first, 1);
    await using connection = await open(served);
    await status(connection);
    const [old] = served.open;
    bench.now += 2 * HOUR;
    await answer(second, 1);
    await status(connection);
    expect(served.accepted).toBe(ends ? 2 : 1);
    if (ends) await expect.poll(() => old !== undefined && served.open.has(old)).toBe(false);
  });

  test("an answer that is under way ends with them", async () => {
    await using served = await secureServer(
      (request, response) => {
        if (request.url !== "/watch") json(response, 200, {});
        else response.writeHead(200).write('{"type":"ADDED"}\n');
      },
      {},
      MUST,
    );
    await answer(pairOf(trusted, "a"), 1);
    await using connection = await open(served);
    const stop = new AbortController();
    const lines = connection.stream({ method: "GET", path: "/watch", signal: stop.signal });
    const watch = lines[Symbol.asyncIterator]();
    expect((await watch.next()).done).toBe(false);
    const before = new Set(served.open);
    bench.now += 2 * HOUR;
    await answer(pairOf(trusted, "b"), 1);
    await status(connection);
    await expect.poll(() => [...before].filter((socket) => served.open.has(socket)).length).toBe(0);
    stop.abort(new Error("enough"));
    await watch.next().catch((): void => undefined);
  });
});
