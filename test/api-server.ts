import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure, type ServerOptions } from "node:https";
import { createServer as createRaw, type Server, type Socket } from "node:net";
import { connect, type Connection, type ConnectionOptions } from "../src/api/index.ts";
import { logTo } from "../src/base/log.ts";
import { Secret } from "../src/base/secret.ts";
import { realSystem, type System } from "../src/base/system.ts";
import { epochMillis } from "../src/base/units.ts";
import { createAuthority, type Authority, type CertificateWishes } from "../src/base/x509.ts";
import type { Credential, CredentialSource } from "../src/credentials/index.ts";
import type { ClientConfig, Cluster } from "../src/kubeconfig/index.ts";
import { EMPTY_CLUSTER, EMPTY_USER } from "../src/kubeconfig/select.ts";

/** API servers that a test scripts, and what is needed to talk to them. */

const DAY = 24 * 60 * 60 * 1000;
/** From yesterday to tomorrow. */
export const VALID = {
  notBefore: epochMillis(Date.now() - DAY),
  notAfter: epochMillis(Date.now() + DAY),
} as const;

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** How many connections were made so far. */
  readonly accepted: number;
  /** The connections that are open. */
  readonly open: ReadonlySet<Socket>;
}

/** Never closes an idle connection by itself: whether a client closes its own could not be seen otherwise. */
const PATIENT = { keepAliveTimeout: 0 } as const;

async function listen(server: Server): Promise<Omit<Served, "url">> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on("connection", (socket) => {
    accepted += 1;
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get accepted() {
      return accepted;
    },
    open,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const named = (served: Omit<Served, "url">, scheme: string): Served =>
  Object.defineProperty(served, "url", { value: `${scheme}://127.0.0.1:${served.port}` }) as Served;

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;
export type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/** Plain HTTP, for what has nothing to do with TLS. */
export async function plainServer(handler: Handler, upgrade?: Upgrade): Promise<Served> {
  const server = createPlain(PATIENT, handler);
  if (upgrade !== undefined)
    server.on("upgrade", (request, socket, head) => upgrade(request, socket as Socket, head));
  return named(await listen(server), "http");
}

/** Answers whatever comes with some bytes, and says nothing by itself. */
export const rawServer = async (script: (socket: Socket) => void, scheme = "http"): Promise<Served> =>
  named(await listen(createRaw((socket) => socket.once("data", () => script(socket)))), scheme);

export interface SecureServed extends Served {
  readonly authority: Authority;
}

export async function secureServer(
  handler: Handler,
  wishes: Partial<CertificateWishes> = {},
  options: ServerOptions = {},
  upgrade?: Upgrade,
): Promise<SecureServed> {
  const authority = createAuthority({ commonName: "authority", ...VALID });
  const own = authority.issue({
    commonName: "kube-apiserver",
    names: ["127.0.0.1"],
    use: "server",
    ...VALID,
    ...wishes,
  });
  const server = createSecure({ cert: own.cert, key: own.key, ...PATIENT, ...options }, handler);
  server.on("tlsClientError", () => undefined);
  if (upgrade !== undefined)
    server.on("upgrade", (request, socket, head) => upgrade(request, socket as Socket, head));
  return Object.assign(named(await listen(server), "https"), { authority });
}

export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
};

/** What a kubeconfig with one context says. */
export const clientConfig = (server: string, cluster: Partial<Cluster> = {}): ClientConfig => ({
  contextName: "c",
  clusterName: "c",
  userName: "u",
  server: new URL(server),
  cluster: { ...EMPTY_CLUSTER, server, ...cluster },
  user: EMPTY_USER,
  impersonate: { user: undefined, uid: undefined, groups: [], extra: new Map() },
  namespace: "apps",
  requestTimeout: undefined,
  userOrigin: undefined,
  userOriginFacts: undefined,
});

export const bearer = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});

/** Gives the first credential until it is renewed, then the next one; the last one has no successor. */
export function sourceOf(
  ...credentials: readonly Credential[]
): CredentialSource & { readonly renewals: number } {
  let at = 0;
  let renewals = 0;
  const current = (): Credential => credentials[at] ?? bearer("none");
  return {
    method: "exec",
    description: "a test",
    get renewals() {
      return renewals;
    },
    get: () => Promise.resolve(current()),
    renew: () => {
      renewals += 1;
      if (at + 1 >= credentials.length) return Promise.resolve(undefined);
      at += 1;
      return Promise.resolve(current());
    },
  };
}

/** A machine with an environment of its own; what it would print is kept. */
export function quietSystem(
  env: Readonly<Record<string, string>> = {},
): System & { readonly said: readonly string[] } {
  const said: string[] = [];
  const log = logTo({ out: () => undefined, err: (text) => said.push(text.trimEnd()) }, 0);
  return { ...realSystem(), env, log, said };
}

/** The same, and no time passes while it waits: `slept` has what it would have waited, in milliseconds. */
export function hurriedSystem(
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof quietSystem> & { readonly slept: readonly number[] } {
  const slept: number[] = [];
  return {
    ...quietSystem(env),
    slept,
    sleep: (time) => {
      slept.push(time);
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** A connection as somebody with the token `t`. */
export const connected = (
  server: string,
  cluster: Partial<Cluster> = {},
  source: CredentialSource = sourceOf(bearer("t")),
  system: System = quietSystem(),
  options: ConnectionOptions = {},
): Connection => connect(clientConfig(server, cluster), source, system, options);
