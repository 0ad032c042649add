import { decode, type Decoder } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import {
  configMap,
  endpointSlice,
  identityMapping,
  listOf,
  pod,
  selfSubjectReview,
  service,
  workload,
} from "./objects.ts";
import { isImpersonationRefused, statusError } from "./status.ts";
import type { ApiRequest, ApiResponse, Connection } from "./types.ts";

interface Resource<T> {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly group: string;
  readonly decoder: Decoder<T>;
}

const resource = <T>(group: string, decoder: Decoder<T>): Resource<T> => ({ group, decoder });

/** Every kind that is read, once. */
const RESOURCES = {
  services: resource("/api/v1", service),
  pods: resource("/api/v1", pod),
  endpointslices: resource("/apis/discovery.k8s.io/v1", endpointSlice),
  deployments: resource("/apis/apps/v1", workload),
  statefulsets: resource("/apis/apps/v1", workload),
  replicasets: resource("/apis/apps/v1", workload),
  configmaps: resource("/api/v1", configMap),
  iamidentitymappings: resource("/apis/iamauthenticator.k8s.aws/v1alpha1", identityMapping),
} as const;

export type ResourceName = keyof typeof RESOURCES;
export type ResourceOf<Name extends ResourceName> = ReturnType<(typeof RESOURCES)[Name]["decoder"]>;

/** Decoder and collection path of a kind, in a namespace or in all of them. */
export const resourceFacts = <Name extends ResourceName>(
  name: Name,
  namespace: string | undefined,
): { readonly path: string; readonly decoder: Decoder<ResourceOf<Name>> } => ({
  path:
    namespace === undefined
      ? `${RESOURCES[name].group}/${name}`
      : `${RESOURCES[name].group}/namespaces/${encodeURIComponent(namespace)}/${name}`,
  decoder: RESOURCES[name].decoder as Decoder<ResourceOf<Name>>,
});

export interface Place {
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
}

const withSignal = (request: ApiRequest, signal: AbortSignal | undefined): ApiRequest =>
  signal === undefined ? request : { ...request, signal };

/** One object. @throws {KnownError} NOT_FOUND, FORBIDDEN, UNAUTHORIZED, … */
export async function getObject<Name extends ResourceName>(
  connection: Connection,
  name: Name,
  where: Place & { readonly name: string },
): Promise<ResourceOf<Name>> {
  const { path, decoder } = resourceFacts(name, where.namespace);
  const answer = await connection.request(
    withSignal({ method: "GET", path: `${path}/${encodeURIComponent(where.name)}` }, where.signal),
  );
  const asked = { verb: "get", resource: name, name: where.name, namespace: where.namespace };
  if (answer.status !== 200) throw statusError(answer.status, answer.body, asked);
  return decode(decoder, answer.body, { what: `${name} "${where.name}"`, code: "API_FAILED" });
}

export interface ListWishes extends Omit<Place, "namespace"> {
  /** Undefined: of a kind that is in none, or in all of them. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** A Service has at most some hundred slices; a page holds 500 objects. */
const PAGE = "500";
const PAGES = 20;

/** All objects that a selector finds, page by page. @throws {KnownError} */
export async function listObjects<Name extends ResourceName>(
  connection: Connection,
  name: Name,
  wishes: ListWishes,
): Promise<Listed<ResourceOf<Name>>> {
  const { path, decoder } = resourceFacts(name, wishes.namespace);
  const asked = { verb: "list", resource: name, name: undefined, namespace: wishes.namespace };
  const found: ResourceOf<Name>[] = [];
  let next = "";
  for (let page = 0; page < PAGES; page++) {
    const query = { limit: PAGE, ...selectors(wishes), ...(next === "" ? {} : { continue: next }) };
    const answer = await connection.request(withSignal({ method: "GET", path, query }, wishes.signal));
    if (answer.status !== 200) throw statusError(answer.status, answer.body, asked);
    const part = decode(listOf(decoder), answer.body, { what: `the list of ${name}`, code: "API_FAILED" });
    found.push(...part.items);
    next = part.metadata.continue;
    if (next === "") return { items: found, resourceVersion: part.metadata.resourceVersion };
  }
  throw new KnownError("API_FAILED", `Cannot list ${name}: there are more than ${PAGES * Number(PAGE)}`);
}

export const selectors = (wishes: ListWishes): Readonly<Record<string, string>> => ({
  ...(wishes.labelSelector === undefined ? {} : { labelSelector: wishes.labelSelector }),
  ...(wishes.fieldSelector === undefined ? {} : { fieldSelector: wishes.fieldSelector }),
});

export interface Identity {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/** GA since 1.28, beta since 1.27, alpha since 1.26. */
const REVIEW_VERSIONS = ["v1", "v1beta1", "v1alpha1"];

/** Who the API server takes us for; undefined where it does not say. @throws {KnownError} UNAUTHORIZED and network faults */
export async function whoAmI(
  connection: Connection,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Identity | undefined> {
  for (const version of REVIEW_VERSIONS) {
    const apiVersion = `authentication.k8s.io/${version}`;
    const answer: ApiResponse = await connection.request(
      withSignal(
        {
          method: "POST",
          path: `/apis/${apiVersion}/selfsubjectreviews`,
          body: { apiVersion, kind: "SelfSubjectReview" },
        },
        options.signal,
      ),
    );
    if (answer.status === 201 || answer.status === 200)
      return decode(selfSubjectReview, answer.body, { what: "the SelfSubjectReview", code: "API_FAILED" })
        .status.userInfo;
    // A 400 is no API server's answer: mostly that of a port that speaks TLS to plain http.
    if ([400, 401].includes(answer.status) || isImpersonationRefused(answer.status, answer.body))
      throw statusError(answer.status, answer.body, {
        verb: "create",
        resource: "selfsubjectreviews",
        name: undefined,
        namespace: undefined,
        wish: "ask the API server who you are",
      });
    if (answer.status !== 404) return undefined;
  }
  return undefined;
}
