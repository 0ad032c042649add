import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { System } from "../base/system.ts";
import { after, millis } from "../base/units.ts";
import { createAuthority, type Authority } from "../base/x509.ts";
import { sendJson, statusOf } from "./answer.ts";
import { mayDo, People, type Person } from "./people.ts";
import { startForward, type Carriers, type PodApp } from "./port-forward.ts";
import { actingAs } from "./impersonation.ts";
import { answerReview, reviewOf, type AskedReview } from "./reviews.ts";
import { Store, type Kind } from "./store.ts";
import { followKind, listKind, type Watches } from "./resources.ts";
import { answerTokenRequest } from "./token-request.ts";
import type { ServerQuirks, SpdyServer } from "../tunnel/index.ts";

export interface AuditEntry {
  readonly user: string;
  /** Whom the request acts as, if that is somebody else. */
  readonly impersonated: string;
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly userAgent: string;
  readonly status: number;
}

export interface ClusterOptions {
  readonly system: System;
  readonly app: PodApp;
  /** How each carrier behaves; read anew at every upgrade. Default: both work. */
  readonly carriers: Carriers;
  readonly quirks: ServerQuirks;
  /** What it is asked beside. Default: nothing more. */
  readonly more?: MoreApi;
}

/** A part of the API that the demo has not itself. Each says whether it has answered; else the demo does. */
export interface MoreApi {
  request(request: IncomingMessage, response: ServerResponse, username: string): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, username: string | undefined): boolean;
}

/** What other releases of Kubernetes do otherwise; may be changed at any time. */
export interface Release {
  /** The one version of the SelfSubjectReview that is served; 1.25 has none. */
  reviews: "v1" | "v1beta1" | "v1alpha1" | "none";
  /** How far the clock of the API server is ahead, in milliseconds. */
  clockAhead: number;
  watches: Watches;
}

export interface Cluster extends AsyncDisposable {
  readonly server: string;
  readonly authority: Authority;
  readonly store: Store;
  readonly people: People;
  readonly audit: readonly AuditEntry[];
  readonly release: Release;
  /** Ends every port-forward and nothing else: with a GOAWAY, as a node does, or by a cut, as konnectivity does. */
  endTunnels(how: "goaway" | "cut"): void;
  /** Cuts every port-forward and every other connection, as a restart of the API server does. */
  dropConnections(): void;
}

/** Entries that are kept: a demo may run for days. */
const AUDIT_LIMIT = 10_000;
const DAY = millis(24 * 60 * 60 * 1000);
const KINDS: ReadonlySet<string> = new Set([
  "services",
  "pods",
  "endpointslices",
  "deployments",
  "statefulsets",
  "replicasets",
]);
/** API group of each kind that has one. */
const GROUPS: Readonly<Record<string, string>> = {
  endpointslices: "discovery.k8s.io",
  deployments: "apps",
  statefulsets: "apps",
  replicasets: "apps",
};

/** What `GET /version` says. */
const VERSION = { major: "1", minor: "35", gitVersion: "v1.35.0-demo", platform: "demo" };

const serves = (release: Release, review: AskedReview): boolean =>
  review.version === (review.resource === "selfsubjectreviews" ? release.reviews : "v1");

interface Asked {
  readonly verb: string;
  readonly resource: string;
  /** "" for all of them. */
  readonly namespace: string;
  readonly name: string;
}

/** `/api/v1/namespaces/NS/pods/NAME[/portforward]` and its like, and `/api/v1/services` of all namespaces. */
const askedOf = (request: IncomingMessage, url: URL): Asked | undefined => {
  const found =
    /^\/(?:api\/v1|apis\/discovery\.k8s\.io\/v1|apis\/apps\/v1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(
      url.pathname,
    );
  if (found === null) return undefined;
  const [, namespace = "", kind = "", name = "", sub] = found;
  const watch = url.searchParams.get("watch");
  const reading = name !== "" ? "get" : watch === "true" || watch === "1" ? "watch" : "list";
  const verb = request.method === "POST" ? "create" : reading;
  return { verb, resource: sub === undefined ? kind : `${kind}/${sub}`, namespace, name };
};

/** The API server that the demo needs, on a loopback port of its own, with its own authority. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { system } = options;
  const now = system.now();
  const life = { notBefore: after(now, millis(-60_000)), notAfter: after(now, DAY) };
  const authority = createAuthority({ commonName: "kauth demo authority", ...life });
  const own = authority.issue({
    commonName: "kube-apiserver",
    names: ["localhost", "127.0.0.1"],
    use: "server",
    ...life,
  });
  const store = new Store();
  const people = new People();
  const audit: AuditEntry[] = [];
  const release: Release = { reviews: "v1", clockAhead: 0, watches: "events" };
  const sockets = new Set<Duplex>();
  const tunnels = new Map<Duplex, SpdyServer>();
  const server: Server = createServer({
    cert: own.cert,
    key: own.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
  });
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);

  const note = (request: IncomingMessage, asked: Asked, status: number): void => {
    if (audit.length >= AUDIT_LIMIT) audit.shift();
    const impersonated = request.headers["impersonate-user"];
    audit.push({
      user: identify(request)?.username ?? "",
      impersonated: typeof impersonated === "string" ? impersonated : "",
      verb: asked.verb,
      resource: asked.resource,
      name: asked.name,
      userAgent: request.headers["user-agent"] ?? "",
      status,
    });
  };

  const identify = (request: IncomingMessage): Person | undefined => {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return people.byToken(bearer, system.now());
    const socket = request.socket as TLSSocket;
    if (!socket.authorized) return undefined;
    const name = socket.getPeerCertificate().subject.CN;
    return typeof name === "string" ? people.find(name) : undefined;
  };

  const refusal = (person: Person, asked: Asked): string | undefined => {
    if (mayDo(person, asked.verb, asked.resource, asked.namespace === "")) return undefined;
    const group = GROUPS[asked.resource] ?? "";
    const what = asked.name === "" ? asked.resource : `${asked.resource.split("/")[0]} "${asked.name}"`;
    return `${what} is forbidden: User "${person.username}" cannot ${asked.verb} resource "${asked.resource}" in API group "${group}" ${asked.namespace === "" ? "at the cluster scope" : `in the namespace "${asked.namespace}"`}`;
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "https://demo");
    if (/^\/(livez|readyz|healthz)$/.test(url.pathname)) {
      response.end("ok");
      return;
    }
    response.setHeader("Date", new Date(system.now() + release.clockAhead).toUTCString());
    const real = identify(request);
    const person = real === undefined ? undefined : actingAs(real, request, people);
    const review = reviewOf(url.pathname);
    const asked = askedOf(request, url) ?? {
      verb: "create",
      resource: review?.resource ?? url.pathname,
      namespace: "",
      name: "",
    };
    const answer = (status: number, body: unknown): void => {
      note(request, asked, status);
      sendJson(response, status, body);
    };
    if (person === undefined) answer(401, statusOf(401, "Unauthorized"));
    else if (typeof person === "string") answer(403, statusOf(403, person));
    else if (options.more?.request(request, response, person.username) === true)
      response.once("finish", () => note(request, asked, response.statusCode));
    else if (url.pathname === "/version") answer(200, VERSION);
    else if (review !== undefined && request.method === "POST" && serves(release, review))
      void answerReview(request, person, review).then(
        ({ status, body }) => answer(status, body),
        () => answer(400, statusOf(400, "the body is no review")),
      );
    else if (asked.resource === "serviceaccounts/token" && asked.verb === "create") {
      const refused = refusal(person, asked);
      if (refused !== undefined) answer(403, statusOf(403, refused));
      else {
        const { status, body } = answerTokenRequest(system, people, asked);
        answer(status, body);
      }
    } else if (!KINDS.has(asked.resource) || request.method !== "GET")
      answer(404, statusOf(404, "the server could not find the requested resource"));
    else {
      const refused = refusal(person, asked);
      const kind = asked.resource as Kind;
      if (refused !== undefined) answer(403, statusOf(403, refused));
      else if (asked.verb === "get") {
        const object = store.get(kind, asked.namespace, asked.name);
        if (object === undefined) answer(404, statusOf(404, `${kind} "${asked.name}" not found`));
        else answer(200, object);
      } else if (asked.verb === "list")
        answer(
          200,
          listKind(store, kind, asked.namespace === "" ? undefined : asked.namespace, url.searchParams),
        );
      else {
        note(request, asked, 200);
        const { watches } = release;
        followKind({ store, kind, namespace: asked.namespace, query: url.searchParams, response, watches });
      }
    }
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on("error", () => socket.destroy());
    const real = identify(request);
    const acting = real === undefined ? undefined : actingAs(real, request, people);
    const person = typeof acting === "string" ? undefined : acting;
    if (options.more?.upgrade(request, socket, head, person?.username) === true) return;
    const asked = askedOf(request, new URL(request.url ?? "/", "https://demo"));
    startForward({
      request,
      socket,
      head,
      options,
      pod:
        asked?.resource === "pods/portforward" ? store.get("pods", asked.namespace, asked.name) : undefined,
      podName: asked?.name ?? "",
      person,
      refusal: (verb) =>
        person === undefined || asked === undefined ? undefined : refusal(person, { ...asked, verb }),
      note: (verb, status) => asked !== undefined && note(request, { ...asked, verb }, status),
      onTunnel: (tunnel) => {
        tunnels.set(socket, tunnel);
        socket.once("close", () => tunnels.delete(socket));
      },
      isAlive: (uid) =>
        asked !== undefined && store.get("pods", asked.namespace, asked.name)?.metadata.uid === uid,
    });
  };

  server.on("request", handle);
  server.on("upgrade", upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    server: `https://127.0.0.1:${port}`,
    authority,
    store,
    people,
    audit,
    release,
    endTunnels: (how) => {
      for (const [socket, tunnel] of tunnels) {
        if (how === "cut") socket.destroy();
        else tunnel.goaway();
      }
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
