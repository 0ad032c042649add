import type { Connection, Service } from "../../api/index.ts";
import { isKnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import {
  chooseServicePort,
  findServices,
  targetText,
  type Found,
  type Looked,
  type TargetReference,
} from "../../route/index.ts";

/** What finding has to know of a UI; a preset has it. */
export interface FindableUi {
  /** What a person types: `kauth open ID`. */
  readonly id: string;
  readonly name: string;
  readonly find: { readonly namespaces: readonly string[] };
  /** Ports of its Service, by name or number; the first one that it has counts. */
  readonly ports: readonly (string | number)[];
  /** What its pod gets of the person. */
  readonly sends: "bearer" | "headers" | "nothing";
  readonly leg: "direct" | "pod";
}

/** The UIs that are known, and which of them a Service leads to as far as it says itself. */
export interface UiTable {
  readonly all: readonly FindableUi[];
  readonly of: (service: {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
  }) => FindableUi | undefined;
}

/** A UI that was found, and how it would be opened. */
export interface FoundUi {
  readonly ui: FindableUi;
  readonly namespace: string;
  /** Name of the Service. */
  readonly service: string;
  /** Number of the Service's port; undefined where a person has to say which. */
  readonly port: number | undefined;
  /** With its namespace, and its port where the Service has others. */
  readonly reference: TargetReference;
}

export interface SearchOptions {
  readonly connection: Connection;
  readonly system: System;
  /** The person's own. */
  readonly namespace: string;
  readonly table: UiTable;
  /** Which of the table's. Default: all of them. */
  readonly only?: readonly FindableUi[];
  readonly signal: AbortSignal;
}

export interface SearchResult {
  readonly found: readonly FoundUi[];
  /** They look like a UI, and nothing says which pods are behind them. */
  readonly podless: readonly FoundUi[];
  readonly places: readonly Looked[];
}

/** The UIs of a cluster that somebody may see, by names and labels of Services. @throws {KnownError} as findServices */
export async function searchUis(options: SearchOptions): Promise<SearchResult> {
  const { table, only = table.all, namespace } = options;
  const { found, podless, places } = await findServices<FindableUi>({
    ...options,
    namespaces: [namespace, ...only.flatMap(({ find }) => find.namespaces)],
    match: ({ metadata }) => {
      const ui = table.of({ name: metadata.name, labels: metadata.labels });
      return ui !== undefined && only.includes(ui) ? ui : undefined;
    },
  });
  return { found: found.map(foundUi), podless: podless.map(foundUi), places };
}

const foundUi = ({ service, ui }: Found<FindableUi>): FoundUi => {
  const { name, namespace } = service.metadata;
  const port = portOf(service, ui);
  const reference: TargetReference = {
    kind: "service",
    name,
    namespace,
    port: port === undefined || service.spec.ports.length === 1 ? undefined : String(port),
    scheme: undefined,
    path: "/",
  };
  return { ui, namespace, service: name, port, reference };
};

/** The one that the UI is known by, else the one that would be chosen of any Service. */
const portOf = (service: Service, { ports }: FindableUi): number | undefined => {
  const tcp = service.spec.ports.filter(({ protocol }) => protocol === "TCP");
  const [known] = ports.flatMap(
    (wanted) => tcp.find(({ name, port }) => wanted === name || wanted === port) ?? [],
  );
  if (known !== undefined) return known.port;
  try {
    const plain = {
      kind: "service",
      name: "",
      namespace: undefined,
      port: undefined,
      scheme: undefined,
      path: "/",
    } as const;
    return chooseServicePort(service, plain).port;
  } catch (error) {
    if (isKnownError(error)) return undefined;
    throw error;
  }
};

/** `svc/headlamp:80`, as a person writes it. */
export const foundText = ({ reference }: FoundUi): string =>
  `${targetText(reference)}${reference.port === undefined ? "" : `:${reference.port}`}`;
