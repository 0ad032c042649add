import { KnownError } from "../base/errors.ts";
import type { RawHeaders } from "../base/headers.ts";
import type { AskedRequest, LegChoice, Narrow } from "../proxy/index.ts";

export interface DirectLegOptions {
  /** The one cluster that is answered, as the UI names it in its paths. */
  readonly cluster: string;
  /** Scheme and authority of the API server. */
  readonly origin: string;
  /** What stands before every path of the API server; no slash at the end. */
  readonly prefix: string;
  /** Ours, for the audit log. */
  readonly userAgent: string;
  /** Who the person is, as the UI's own back end would say it. */
  readonly me: () => Promise<unknown>;
}

export interface DirectLeg {
  readonly choose: (asked: AskedRequest) => LegChoice;
  readonly narrow: Narrow;
}

/** The paths of the Kubernetes API; nothing else of an API server is for pages (issue D.2). */
const API = /^\/(?:api|apis|version|healthz|livez|readyz|openapi)(?:\/|$)/;
const CLUSTERS = "/clusters/";

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
const CARRIES = /^base64url\.(?:bearer\.authorization\.k8s\.io|headlamp)\./;

interface Split {
  /** Of the cluster, decoded. */
  readonly cluster: string;
  /** From its slash on, raw, without the query. */
  readonly path: string;
  readonly query: string;
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** A segment that another reader could take for several, or for one above. */
const isAmbiguous = (segment: string): boolean => {
  const plain = decoded(segment);
  return plain === undefined || plain === "." || plain === ".." || /[/\\]/.test(plain);
};

/** Undefined: not below `/clusters/`. "ambiguous": it may mean something else to another reader. */
const split = (target: string): Split | "ambiguous" | undefined => {
  const at = target.indexOf("?");
  const [whole, query] = at === -1 ? [target, ""] : [target.slice(0, at), target.slice(at)];
  // Not even in another spelling.
  if (decoded(whole)?.includes("clusters") === false) return undefined;
  const segments = whole.split("/").slice(1);
  // The same address by another spelling must not find its way into the pod, where it might mean the same.
  if (segments.some(isAmbiguous)) return "ambiguous";
  if (decoded(segments[0] ?? "") !== "clusters") return undefined;
  if (whole !== "/clusters" && !whole.startsWith(CLUSTERS)) return "ambiguous";
  const [, cluster = "", ...rest] = segments;
  return { cluster: decoded(cluster) ?? "", path: rest.length === 0 ? "" : `/${rest.join("/")}`, query };
};

/**
 * Headlamp's browser code asks for `/clusters/NAME/<path of the API>`, and its back end only takes the prefix off: such
 * requests can go straight to the API server, and the pod never sees a credential (issue D.2).
 */
export function directLeg(options: DirectLegOptions): DirectLeg {
  const { cluster, prefix } = options;
  const refused = (status: number, detail: string): LegChoice => ({
    kind: "refused",
    status,
    title: status === 404 ? "No such cluster" : "Not here",
    detail,
  });
  const choose = (asked: AskedRequest): LegChoice => {
    const found = split(asked.target);
    if (found === undefined)
      return /^\/wsMultiplexer(?:[/?]|$)/.test(asked.target)
        ? refused(501, "The UI's multiplexer needs its back end to have a credential, and it has none.")
        : { kind: "pod" };
    if (found === "ambiguous") return refused(400, "This address can be read in two ways.");
    if (found.cluster !== cluster)
      return refused(404, "Only the cluster of the kubeconfig is answered here, under one name.");
    if (API.test(found.path)) return { kind: "direct" };
    if (found.path === "/me" && asked.method === "GET" && !asked.upgrade)
      return { kind: "own", answer: options.me };
    // Headlamp would keep it as a cookie; nobody's token is wanted here.
    if (found.path === "/set-token" && asked.method === "POST")
      return { kind: "own", answer: () => Promise.resolve(undefined) };
    return refused(
      501,
      "This function of the UI needs its back end to have a credential; with --leg pod it has one.",
    );
  };
  const own = `${CLUSTERS}${encodeURIComponent(cluster)}`;
  return {
    choose,
    narrow: {
      origin: options.origin,
      passes: PASSES,
      added: [["User-Agent", options.userAgent]] satisfies RawHeaders,
      target: (target) => {
        const found = split(target);
        if (
          found === undefined ||
          found === "ambiguous" ||
          found.cluster !== cluster ||
          !API.test(found.path)
        )
          throw new KnownError("REQUEST_INVALID", "Cannot forward this request target to the API server");
        return `${prefix}${found.path}${found.query}`;
      },
      protocol: (name) => !CARRIES.test(name),
      location: (value) => {
        const path = value.startsWith(`${options.origin}/`) ? value.slice(options.origin.length) : value;
        if (!path.startsWith(`${prefix}/`) || path.startsWith("//")) return undefined;
        return `${own}${path.slice(prefix.length)}`;
      },
    },
  };
}
