import { randomUUID } from "node:crypto";

/** Kubernetes objects as JSON; the demo's own, so that no decoder is needed. */
export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly Owner[];
  };
  readonly [field: string]: unknown;
}

export type StoreEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: StoredObject };

export type Kind = "services" | "pods" | "endpointslices" | "deployments" | "statefulsets" | "replicasets";

/** The controller that made an object. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
}

export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: Owner;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How many events a watch can go back over; older versions are gone (410). */
const HISTORY = 1_000;

/** The demo cluster's etcd: objects, a version that counts, and who follows it. */
export class Store {
  readonly #objects = new Map<Kind, Map<string, StoredObject>>();
  readonly #watchers = new Set<(kind: Kind, event: StoreEvent) => void>();
  readonly #history: { readonly kind: Kind; readonly version: number; readonly event: StoreEvent }[] = [];
  #version = 1;
  /** Versions up to this one have been forgotten. */
  #oldest = 0;

  get version(): string {
    return String(this.#version);
  }

  /** @param namespace undefined: all of them */
  list(kind: Kind, namespace: string | undefined): readonly StoredObject[] {
    return [...this.#of(kind).values()].filter(
      (object) => namespace === undefined || object.metadata.namespace === namespace,
    );
  }

  get(kind: Kind, namespace: string, name: string): StoredObject | undefined {
    return this.#of(kind).get(`${namespace}/${name}`);
  }

  put(kind: Kind, wanted: NewObject): StoredObject {
    const key = `${wanted.namespace}/${wanted.name}`;
    const known = this.#of(kind).get(key);
    const uid = wanted.uid ?? known?.metadata.uid ?? randomUUID();
    const object: StoredObject = {
      apiVersion: wanted.apiVersion,
      kind: wanted.kind,
      ...wanted.fields,
      metadata: {
        name: wanted.name,
        namespace: wanted.namespace,
        uid,
        resourceVersion: String(this.#version + 1),
        ...(wanted.labels === undefined ? {} : { labels: wanted.labels }),
        ...(wanted.owner === undefined ? {} : { ownerReferences: [wanted.owner] }),
      },
    };
    if (known !== undefined && known.metadata.uid !== uid) this.delete(kind, wanted.namespace, wanted.name);
    this.#of(kind).set(key, object);
    this.#tell(kind, { type: known?.metadata.uid === uid ? "MODIFIED" : "ADDED", object });
    return object;
  }

  /** Changes an object in place. */
  change(kind: Kind, namespace: string, name: string, edit: (object: StoredObject) => StoredObject): void {
    const known = this.get(kind, namespace, name);
    if (known === undefined) throw new RangeError(`there is no ${kind} "${name}"`);
    const edited = edit(known);
    const object = {
      ...edited,
      metadata: { ...edited.metadata, resourceVersion: String(this.#version + 1) },
    };
    this.#of(kind).set(`${namespace}/${name}`, object);
    this.#tell(kind, { type: "MODIFIED", object });
  }

  delete(kind: Kind, namespace: string, name: string): void {
    const object = this.get(kind, namespace, name);
    if (object === undefined) return;
    this.#of(kind).delete(`${namespace}/${name}`);
    // As in a real cluster, the last state carries the version of the deletion: a watch goes on from there.
    const metadata = { ...object.metadata, resourceVersion: String(this.#version + 1) };
    this.#tell(kind, { type: "DELETED", object: { ...object, metadata } });
  }

  /** Events after a version, or undefined if that is too long ago. */
  since(kind: Kind, version: number): readonly StoreEvent[] | undefined {
    if (version < this.#oldest) return undefined;
    return this.#history
      .filter((entry) => entry.kind === kind && entry.version > version)
      .map(({ event }) => event);
  }

  /** Forgets the past, so that every watch from before gets 410. */
  compact(): void {
    this.#history.length = 0;
    this.#oldest = this.#version;
  }

  follow(watcher: (kind: Kind, event: StoreEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #of(kind: Kind): Map<string, StoredObject> {
    const found = this.#objects.get(kind) ?? new Map<string, StoredObject>();
    this.#objects.set(kind, found);
    return found;
  }

  #tell(kind: Kind, event: StoreEvent): void {
    this.#version += 1;
    this.#history.push({ kind, version: this.#version, event });
    if (this.#history.length > HISTORY) this.#oldest = this.#history.shift()?.version ?? this.#oldest;
    for (const watcher of this.#watchers) watcher(kind, event);
  }
}
