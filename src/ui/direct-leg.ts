import { KnownError } from "../base/errors.ts";
import type { AskedRequest, LegChoice, Narrow } from "../proxy/index.ts";
import { clusterPath, mayConcernApi, readPath, type ApiPlace, type PathReading } from "./direct-leg-path.ts";

export interface DirectLegOptions {
  /** What Headlamp's back end answers outside of `/clusters/` is known; another app's paths are its own. */
  readonly headlamp: boolean;
  /** Where the UI has its clusters; undefined while nobody has looked. */
  readonly place: () => ApiPlace | undefined;
  /** Looks. Rejects where the UI cannot be asked now. */
  readonly find: () => Promise<ApiPlace>;
  /** Scheme and authority of the API server. */
  readonly origin: string;
  /** What stands before every path of the API server; no slash at the end. */
  readonly prefix: string;
  /** Who the person is, as the UI's own back end would say it. */
  readonly me: () => Promise<unknown>;
  /** Why the UI's back end gets no credential, a fixed sentence; undefined: it may have it (`--send-token-to-pod`). */
  readonly keptBack: string | undefined;
}

export interface DirectLeg {
  readonly choose: (asked: AskedRequest) => LegChoice | Promise<LegChoice>;
  readonly narrow: Narrow;
  /** A target without what stands before the UI's own paths. */
  readonly below: (target: string) => string;
}

/** The paths of the Kubernetes API; nothing else of an API server is for pages (issue D.2). */
const API = /^\/(?:api|apis|version|healthz|livez|readyz|openapi)(?:\/|$)/;

const PASSES: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "content-type",
  "content-encoding",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "range",
]);

/** These carry a token, or a user's id of Headlamp's (ui-traffic; open.md §5.1). */
const CARRIES = /^base64url\.(?:bearer\.authorization\.k8s\.io|headlamp)\./i;

const POD: LegChoice = { kind: "pod" };

const refused = (status: 400 | 404 | 501, detail: string): LegChoice => ({
  kind: "refused",
  status,
  title: status === 404 ? "No such cluster" : "Not here",
  detail,
});

/** Headlamp would keep it as a cookie; nobody's token is wanted here. */
const DROPPED: LegChoice = { kind: "own", answer: () => Promise.resolve(undefined) };

/**
 * Headlamp's browser code asks for `/clusters/NAME/<path of the API>`, and its back end only takes the prefix off: such
 * requests can go straight to the API server, and the pod never sees a credential (issue D.2).
 */
export function directLeg(options: DirectLegOptions): DirectLeg {
  const { prefix, place, keptBack } = options;
  /** The choice and the head of one request read the same target. */
  let last: { readonly target: string; readonly base: string; readonly found: PathReading } | undefined;
  const read = (target: string, { base }: ApiPlace): PathReading => {
    if (last?.target !== target || last.base !== base) last = { target, base, found: readPath(target, base) };
    return last.found;
  };
  /** Some of Headlamp's functions look for the token in its own cookie alone (open.md §5.1). */
  const backEnd = (as: "header" | "cookie"): LegChoice =>
    keptBack === undefined ? { kind: "trusted", as } : refused(501, keptBack);

  const besideClusters = (asked: AskedRequest, path: string | undefined): LegChoice => {
    if (!options.headlamp) return POD;
    if (path === "/wsMultiplexer") return backEnd("cookie");
    if (path === "/auth/set-token" && asked.method === "POST") return DROPPED;
    // Which cluster is meant stands in its body, and only one may be sent anything.
    if (path === "/drain-node")
      return refused(501, "The UI drains a node with a token that it does not get. Use kubectl drain.");
    return POD;
  };

  const chosen = (asked: AskedRequest, at: ApiPlace): LegChoice => {
    const found = read(asked.target, at);
    if (found.kind === "elsewhere") return besideClusters(asked, found.path);
    if (found.kind === "ambiguous") return refused(400, "This address can be read in two ways.");
    if (found.cluster !== at.cluster)
      return refused(404, "Only the cluster of the kubeconfig is answered here, under one name.");
    if (API.test(found.path)) return { kind: "direct" };
    if (found.path === "/me" && asked.method === "GET" && !asked.upgrade)
      return { kind: "own", answer: options.me };
    if (found.path === "/set-token" && asked.method === "POST") return DROPPED;
    return backEnd(options.headlamp && /^\/portforward(?:\/|$)/.test(found.path) ? "cookie" : "header");
  };

  return {
    choose: (asked) => {
      const at = place();
      if (at !== undefined) return chosen(asked, at);
      if (!mayConcernApi(asked.target)) return POD;
      return options.find().then((found) => chosen(asked, found));
    },
    below: (target) => {
      const base = place()?.base ?? "";
      return base !== "" && target.startsWith(`${base}/`) ? target.slice(base.length) : target;
    },
    narrow: {
      origin: options.origin,
      passes: PASSES,
      target: (target) => {
        const at = place();
        const found = at === undefined ? undefined : read(target, at);
        if (found?.kind !== "cluster" || found.cluster !== at?.cluster || !API.test(found.path))
          throw new KnownError("REQUEST_INVALID", "Cannot forward this request target to the API server");
        return `${prefix}${found.path}${found.query}`;
      },
      protocol: (name) => !CARRIES.test(name),
      location: (value) => {
        const at = place();
        const path = value.startsWith(`${options.origin}/`) ? value.slice(options.origin.length) : value;
        if (at === undefined || !path.startsWith(`${prefix}/`) || path.startsWith("//")) return undefined;
        return `${clusterPath(at)}${path.slice(prefix.length)}`;
      },
    },
  };
}
