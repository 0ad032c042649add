import { flatValuesOf } from "../base/headers.ts";
import type { AskedRequest } from "../proxy/index.ts";
import { apiPath, decodedOnce, readingsOf, type ApiPath } from "./request-path.ts";

const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const KNOWN: ReadonlySet<string> = new Set([...READS, "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]);

/** Some servers take another method from these; the request would not be what it looks like. */
const METHOD_HEADER = /^x-(?:http-)?method(?:-override)?$/i;
const METHOD_PARAMETER = /(?:^|[&;?])_method=/i;

/** Sub-resources of a pod in which something runs, or that reach what listens in it. */
const RUNS: ReadonlySet<string> = new Set(["exec", "attach", "portforward"]);
const PROXIED: ReadonlySet<string> = new Set(["pods", "services", "nodes"]);

/** Questions about oneself: the API server answers them and keeps nothing. */
const REVIEWS: ReadonlySet<string> = new Set([
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authentication.k8s.io/selfsubjectreviews",
]);

/**
 * Groups that the API server itself serves, and so runs dry. Another group may be another server's, which may do what
 * the path says and never look at the rest.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
 */
const DRY_GROUPS: ReadonlySet<string> = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
]);

/** Of the core group, what is in no namespace; `/api/v1/services` of some other API is no path of Kubernetes'. */
const CORE_OF_CLUSTER: ReadonlySet<string> = new Set(["namespaces", "nodes", "persistentvolumes"]);

type Parameters = readonly (readonly [name: string, value: string])[];

/** Undefined: it can be read in two ways. */
const parametersOf = (query: string): Parameters | undefined => {
  if (query === "") return [];
  if (query.includes(";")) return undefined;
  try {
    return query.split("&").map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [decodeURIComponent(name.replaceAll("+", " ")), value.join("=")] as const;
    });
  } catch {
    return undefined;
  }
};

/** Whatever stands before or behind it, and however it is spelled. */
const runsSomething = (segments: readonly string[]): boolean =>
  segments.some(
    (segment, index) =>
      (segment === "pods" && RUNS.has(segments[index + 2] ?? "")) ||
      // Dashboard's terminal: one path makes it, the others carry it (open.md §5.2).
      (segment === "pod" && segments[index + 3] === "shell") ||
      (segment === "api" && segments[index + 1] === "sockjs"),
  );

const isProxied = (segments: readonly string[]): boolean =>
  segments.some((segment, index) => PROXIED.has(segment) && segments[index + 2] === "proxy");

/** A WebSocket carries anything to whoever takes it, so only those of the API pass that carry nothing there. */
const isFollowing = (path: ApiPath, parameters: Parameters): boolean => {
  const { group, resource, namespace, name, rest, watch } = path;
  if (rest.length > 0)
    return (
      group === "" && resource === "pods" && namespace !== undefined && rest.join("/") === "log" && !watch
    );
  if (watch) return true;
  return (
    name === undefined &&
    parameters.some(([key, value]) => key === "watch" && !/^(?:0|false|f)$/i.test(value))
  );
};

const isReview = ({ group, resource, namespace, name, rest, watch }: ApiPath): boolean =>
  !watch &&
  namespace === undefined &&
  name === undefined &&
  rest.length === 0 &&
  REVIEWS.has(`${group}/${resource}`);

const hasBody = (asked: AskedRequest): boolean =>
  flatValuesOf(asked.headers, "transfer-encoding").length > 0 ||
  flatValuesOf(asked.headers, "content-length").some((length) => Number(length) !== 0);

const isDryRun = (asked: AskedRequest, path: ApiPath, parameters: Parameters): boolean => {
  const said = parameters.filter(([name]) => name.toLowerCase() === "dryrun");
  if (said.length !== 1 || said[0]?.[0] !== "dryRun" || said[0][1] !== "All") return false;
  if (path.watch || !DRY_GROUPS.has(path.group)) return false;
  if (path.group === "" && path.namespace === undefined && !CORE_OF_CLUSTER.has(path.resource)) return false;
  const { rest, name } = path;
  switch (asked.method) {
    case "POST":
      return name === undefined;
    case "PUT":
    case "PATCH":
      // Of the others not every one is run dry: a token that is asked for is made.
      return name !== undefined && (rest.length === 0 || (rest.length === 1 && rest[0] === "scale"));
    case "DELETE":
      // With a body, the server takes all options from there and none from the query (apiserver's delete.go).
      return name !== undefined && rest.length === 0 && !hasBody(asked);
    default:
      return false;
  }
};

/**
 * Whether a request only reads, as far as its head tells (issue D.5). Whatever cannot be told, and whatever is written
 * in more than one way to be read, does not.
 */
export function onlyReads(asked: AskedRequest): boolean {
  const { method, target, headers } = asked;
  if (!KNOWN.has(method)) return false;
  if (headers.some((name, index) => index % 2 === 0 && METHOD_HEADER.test(name.replaceAll("_", "-"))))
    return false;
  const at = target.indexOf("?");
  const [path, query] = at === -1 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
  const readings = readingsOf(path);
  if (readings === undefined || readings.some(runsSomething)) return false;
  if (METHOD_PARAMETER.test(decodedOnce(query))) return false;
  if (!asked.upgrade && READS.has(method)) return true;
  if (!asked.upgrade && method === "OPTIONS") return !readings.some(isProxied);
  const api = apiPath(path);
  const parameters = parametersOf(query);
  if (api === undefined || parameters === undefined) return false;
  if (asked.upgrade) return isFollowing(api, parameters);
  return (method === "POST" && isReview(api)) || isDryRun(asked, api, parameters);
}
