import { once } from "node:events";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bearer,
  connected,
  json,
  quietSystem,
  secureServer,
  sourceOf,
  VALID,
  type SecureServed,
} from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import { Secret } from "../base/secret.ts";
import { after, epochMillis, millis, type EpochMillis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import type { Credential, CredentialSource } from "../credentials/index.ts";
import type { ApiRequest, Connection } from "./types.ts";

const keep = keepForTest();

const GET: ApiRequest = { method: "GET", path: "/version" };
const UPGRADE = { method: "GET", path: "/x", headers: [["Upgrade", "test/1"]] } as const;
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test/1\r\n\r\n";
const people = createAuthority({ commonName: "people", ...VALID });

const person = (commonName: string, dates = VALID): Credential => {
  const issued = people.issue({ commonName, use: "client", ...dates });
  return {
    header: undefined,
    certificate: { cert: issued.cert, key: new Secret(issued.key) },
    expiresAt: undefined,
  };
};

/** Says who asks; `/watch` never ends; upgrades are taken. */
const apiServer = async (
  options: { readonly strict?: boolean; readonly status?: number } = {},
): Promise<SecureServed> =>
  keep(
    await secureServer(
      (request, response) => {
        if (request.url === "/watch") response.write('{"a":1}\n');
        else
          json(response, options.status ?? 200, {
            name: (request.socket as TLSSocket).getPeerCertificate().subject?.CN,
          });
      },
      {},
      { ca: people.cert, requestCert: true, rejectUnauthorized: options.strict === true },
      (_request, socket: Socket) => socket.write(SWITCH),
    ),
  );

/** A source whose credential a test replaces. */
const changing = (first: Credential): { source: CredentialSource; set: (next: Credential) => void } => {
  let current = first;
  return {
    source: { ...sourceOf(), get: () => Promise.resolve(current) },
    set: (next) => {
      current = next;
    },
  };
};

const trusting = (server: SecureServed): { readonly certificateAuthorityData: string } => ({
  certificateAuthorityData: server.authority.cert,
});

interface Busy {
  readonly connection: Connection;
  readonly watching: Promise<unknown>;
  readonly closed: { readonly upgrade: boolean };
}

/** With a watch that runs and a connection that was taken over. */
const busy = async (server: SecureServed, source: CredentialSource): Promise<Busy> => {
  const connection = keep(connected(server.url, trusting(server), source));
  const lines = connection.stream({ ...GET, path: "/watch" })[Symbol.asyncIterator]();
  expect(await lines.next()).toMatchObject({ value: { a: 1 } });
  const answer = await connection.upgrade(UPGRADE);
  if (answer.kind === "refused") throw new Error(`refused with ${answer.status}`);
  const closed = { upgrade: false };
  answer.socket.on("error", () => undefined);
  answer.socket.once("close", () => {
    closed.upgrade = true;
  });
  keep({ [Symbol.asyncDispose]: () => Promise.resolve(void answer.socket.destroy()) });
  const watching = lines.next().catch((error: unknown) => error);
  return { connection, watching, closed };
};

describe("another client certificate", () => {
  test("ends every connection, watches and those that were taken over too", async () => {
    const server = await apiServer();
    const { source, set } = changing(person("ada"));
    const { connection, watching, closed } = await busy(server, source);
    await connection.request(GET);
    const before = [...server.open];
    set(person("bob"));
    expect((await connection.request(GET)).body).toEqual({ name: "bob" });
    expect(await watching).toMatchObject({ code: "CONNECTION_LOST" });
    await expect.poll(() => closed.upgrade).toBe(true);
    await expect.poll(() => before.every((socket) => socket.destroyed)).toBe(true);
  });

  test.each<[name: string, from: Credential, to: Credential]>([
    ["instead of none", bearer("t"), person("ada")],
    ["gone", person("ada"), bearer("t")],
  ])("%s ends them too", async (_name, from, to) => {
    const server = await apiServer();
    const { source, set } = changing(from);
    const { connection, watching, closed } = await busy(server, source);
    set(to);
    await connection.request(GET);
    expect(await watching).toMatchObject({ code: "CONNECTION_LOST" });
    await expect.poll(() => closed.upgrade).toBe(true);
  });

  test.each<[name: string, from: Credential, to: Credential]>([
    ["a token is another", bearer("a"), bearer("b")],
    [
      "the same certificate comes with another token",
      person("ada"),
      { ...bearer("b"), certificate: undefined },
    ],
  ])("%s: nothing ends", async (name, from, to) => {
    const server = await apiServer();
    const { source, set } = changing(from);
    const { connection, closed } = await busy(server, source);
    await connection.request(GET);
    const accepted = server.accepted;
    set(name.startsWith("the same") ? { ...to, certificate: from.certificate } : to);
    await connection.request(GET);
    expect([server.accepted, closed.upgrade]).toEqual([accepted, false]);
  });

  test("that cannot be used ends nothing", async () => {
    const server = await apiServer();
    const { source, set } = changing(person("ada"));
    const { connection, closed } = await busy(server, source);
    set({ ...bearer("t"), certificate: { cert: "garbage", key: new Secret("garbage") } });
    await expect(connection.request(GET)).rejects.toMatchObject({ code: "CLIENT_CONFIG_INVALID" });
    expect(closed.upgrade).toBe(false);
  });
});

describe("another authority in the file (credentials.md §4.2)", () => {
  const FIVE_MINUTES = 5 * 60_000;

  test("ends what idles, and leaves alone what is in use", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kauth-ca-"));
    keep({ [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }) });
    const path = join(directory, "ca.crt");
    const server = await apiServer();
    await writeFile(path, server.authority.cert);
    let now: EpochMillis = epochMillis(Date.now());
    const connection = keep(
      connected(server.url, { certificateAuthority: path }, undefined, { ...quietSystem(), now: () => now }),
    );
    const lines = connection.stream({ ...GET, path: "/watch" })[Symbol.asyncIterator]();
    await lines.next();
    await connection.request(GET);
    const [watching, idle] = [...server.open];
    if (watching === undefined || idle === undefined) throw new Error("there are not two connections");
    await writeFile(path, createAuthority({ commonName: "other", ...VALID }).cert);
    await connection.request(GET);
    expect(server.accepted).toBe(2);
    now = after(now, millis(FIVE_MINUTES));
    const gone = once(idle, "close");
    await expect(connection.request(GET)).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    await gone;
    expect(watching.destroyed).toBe(false);
    await lines.return?.(undefined);
    await once(watching, "close");
  });
});

describe("a client certificate that is over", () => {
  const DAY = 24 * 60 * 60_000;
  const late = person("ada", {
    notBefore: after(VALID.notBefore, millis(-10 * DAY)),
    notAfter: after(VALID.notBefore, millis(-DAY)),
  });

  test("explains a 401", async () => {
    const server = await apiServer({ status: 401 });
    const connection = keep(connected(server.url, trusting(server), sourceOf(late)));
    await expect(connection.request(GET)).rejects.toMatchObject({
      code: "CLIENT_CERTIFICATE_EXPIRED",
      message: expect.stringContaining("expired at 20") as string,
      exit: 1,
    });
  });

  test("explains why the handshake failed", async () => {
    const server = await apiServer({ strict: true });
    const connection = keep(connected(server.url, trusting(server), sourceOf(late)));
    await expect(connection.request(GET)).rejects.toMatchObject({ code: "CLIENT_CERTIFICATE_EXPIRED" });
  });

  test("is no news where the server takes it", async () => {
    const server = await apiServer();
    const connection = keep(connected(server.url, trusting(server), sourceOf(late)));
    expect((await connection.request(GET)).status).toBe(200);
  });

  test("is not blamed for a 401 to a token that is sent with it", async () => {
    const server = await apiServer({ status: 401 });
    const both = { ...bearer("t"), certificate: late.certificate };
    const connection = keep(connected(server.url, trusting(server), sourceOf(both)));
    expect((await connection.request(GET)).status).toBe(401);
  });

  test("nor is one that is good", async () => {
    const server = await apiServer({ status: 401 });
    const connection = keep(connected(server.url, trusting(server), sourceOf(person("ada"))));
    expect((await connection.request(GET)).status).toBe(401);
  });
});
