import { listPages, type Connection, type Service } from "../api/index.ts";
import { isKnownError, KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { MiB, millis } from "../base/units.ts";

/** Services a page: some 3 KB each, with what tools write into their annotations. */
const PAGE = 500;
/** More of them in one place is a cluster in which somebody has to say where to look. */
const PAGES = 4;
/** Of a page; with those that are read at once it is what finding may take of memory. */
const PAGE_LIMIT = MiB(8);
const AT_ONCE = 4;
/** For all pages of a place: a person waits for the list. */
const PLACE_TIME = millis(10_000);

export interface FindOptions<Ui> {
  readonly connection: Connection;
  readonly system: System;
  /** The person's own first, then the well-known ones; the list is in this order. */
  readonly namespaces: readonly string[];
  /** Which UI a Service is, as far as it says itself; undefined: none. */
  readonly match: (service: Service) => Ui | undefined;
  readonly signal: AbortSignal;
}

export interface Found<Ui> {
  readonly service: Service;
  readonly ui: Ui;
}

/** A place that was looked at. */
export interface Looked {
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  /** `partly`: there are more Services than are looked at. */
  readonly state: "searched" | "partly" | "denied" | "failed";
  /** Why not; undefined where it was. */
  readonly error: KnownError | undefined;
}

export interface Findings<Ui> {
  readonly found: readonly Found<Ui>[];
  /** They look like a UI, and nothing says which pods are behind them. */
  readonly podless: readonly Found<Ui>[];
  readonly places: readonly Looked[];
}

/**
 * The Services that look like a UI: of the person's own namespace and of the whole cluster; where the latter may not be
 * listed, which is so for most people, of the well-known namespaces. Nothing but Services is read.
 * @throws {KnownError} UNAUTHORIZED; where no place could be asked, what was in the way
 */
export async function findServices<Ui>(options: FindOptions<Ui>): Promise<Findings<Ui>> {
  const { namespaces } = options;
  const [own, ...others] = [...new Set(namespaces)];
  const found = new Map<string, Found<Ui>>();
  const look = async (namespace: string | undefined): Promise<Looked> => {
    const { services, ...looked } = await lookAt(options, namespace);
    for (const service of services) {
      const ui = options.match(service);
      const { metadata } = service;
      if (ui !== undefined) found.set(`${metadata.namespace}/${metadata.name}`, { service, ui });
    }
    return looked;
  };
  const first = await Promise.all([...(own === undefined ? [] : [own]), undefined].map(look));
  const everywhere = first.at(-1);
  const rest = everywhere?.state === "searched" ? [] : await inTurn(others, look);
  const places = [...first.slice(0, -1), ...rest, ...first.slice(-1)];
  const [failure] = places.flatMap(({ error }) => error ?? []);
  if (failure !== undefined && places.every(({ state }) => state === "failed")) throw failure;
  const sorted = [...found.values()].toSorted(byPlace(namespaces));
  return {
    found: sorted.filter((each) => hasPods(each.service)),
    podless: sorted.filter((each) => !hasPods(each.service)),
    places,
  };
}

/** A Service that a token may go to says which pods are its own (security.md §0 finding 8). */
const hasPods = ({ spec }: Service): boolean => spec.type !== "ExternalName" && spec.selector.size > 0;

interface Read extends Looked {
  readonly services: readonly Service[];
}

const lookAt = async <Ui>(
  { connection, system, signal }: FindOptions<Ui>,
  namespace: string | undefined,
): Promise<Read> => {
  const services: Service[] = [];
  const over = new AbortController();
  const late = system.sleep(PLACE_TIME, over.signal).then(
    () =>
      over.abort(
        new KnownError(
          "CONNECTION_TIMEOUT",
          `Cannot list Services ${placeText(namespace)}: it takes too long`,
        ),
      ),
    () => undefined,
  );
  try {
    const until = AbortSignal.any([signal, over.signal]);
    const wishes = { namespace, size: PAGE, limit: PAGE_LIMIT, timeout: PLACE_TIME, signal: until };
    let pages = 0;
    for await (const page of listPages(connection, "services", wishes)) {
      services.push(...page.items);
      pages += 1;
      if (pages === PAGES && page.more) return { namespace, services, state: "partly", error: undefined };
    }
    return { namespace, services, state: "searched", error: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (!isKnownError(error) || error.code === "UNAUTHORIZED") throw error;
    // What was read before is as good as it was.
    return { namespace, services, state: error.code === "FORBIDDEN" ? "denied" : "failed", error };
  } finally {
    over.abort();
    await late;
  }
};

/** `in namespace "apps"`, `in all namespaces`. */
export const placeText = (namespace: string | undefined): string =>
  namespace === undefined ? "in all namespaces" : `in namespace "${namespace}"`;

/** A few at a time, and the answers in the order of the questions. */
const inTurn = async <In, Out>(
  all: readonly In[],
  ask: (one: In) => Promise<Out>,
): Promise<readonly Out[]> => {
  const answers: Out[] = [];
  const waiting = [...all.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      answers[next[0]] = await ask(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return answers;
};

/** In the order of the places, then by names: the same list each time. */
const byPlace = (namespaces: readonly string[]) => {
  const rank = (namespace: string): number => {
    const at = namespaces.indexOf(namespace);
    return at === -1 ? namespaces.length : at;
  };
  return <Ui>({ service: { metadata: a } }: Found<Ui>, { service: { metadata: b } }: Found<Ui>): number =>
    rank(a.namespace) - rank(b.namespace) || compare(a.namespace, b.namespace) || compare(a.name, b.name);
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
