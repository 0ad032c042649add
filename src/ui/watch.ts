import { fallback, object, optional, parseJson, string, unknown } from "../base/decode.ts";
import type { AskedRequest, Resumable } from "../proxy/index.ts";

/** A collection or an object of the Kubernetes API, below whatever prefix a UI gives it. */
const PATH = /\/(?:api\/v1|apis\/[a-z0-9.-]+\/v[a-z0-9]+)\/[^?#]+$/;
/** Leads on to a program or a server, which may start something each time, whatever it is told of watching (security.md R-N3). */
const CONNECTS = /\/(?:pods|services|nodes)\/[^/]+\/(?:exec|attach|portforward|proxy)(?:\/|$)/;
const FLAG = /^(?:1|true)$/;
/** Characters of a version, or of a uid; those of an API server have some 20 and 36. */
const KEPT_MAX = 1_024;

const event = object({
  type: string,
  object: object({
    kind: fallback(string, ""),
    code: unknown,
    metadata: fallback(
      object({ uid: fallback(string, ""), resourceVersion: fallback(string, ""), annotations: unknown }),
      { uid: "", resourceVersion: "", annotations: undefined },
    ),
  }),
});
const annotationsShape = optional(object({ "k8s.io/initial-events-end": fallback(string, "") }));

/** What says to a client of the API that it has to list anew. */
const GONE = JSON.stringify({
  type: "ERROR",
  object: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "too old resource version: the watch was interrupted and cannot be resumed",
    reason: "Expired",
    code: 410,
  },
});

/** Names and values as they were written: nothing of them is encoded anew. */
const fieldsOf = (query: string): readonly (readonly [string, string])[] =>
  query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    });

/** Whether what there was is sent first. For the API server, whatever is not false is true. */
const isInitial = (fields: readonly (readonly [string, string])[]): boolean =>
  fields.some(([name, value]) => name === "sendInitialEvents" && !/^(?:0|false)$/i.test(value));

/** These say where a first watch starts; the one that goes on says it by its version. */
const START: ReadonlySet<string> = new Set(["resourceVersion", "resourceVersionMatch", "sendInitialEvents"]);

/**
 * A watch of the Kubernetes API, by WebSocket or by `watch=1` (ui-traffic U11, U12). Versions are opaque: they are
 * compared for being equal only (API concepts, "Resource versions").
 */
export function kubernetesWatch(asked: AskedRequest): Resumable | undefined {
  // Each request comes by here, and few of them are watches.
  if (asked.method !== "GET" || !asked.target.includes("watch=")) return undefined;
  // In a query another question mark is a character like any other.
  const [, path = "", query = ""] = /^([^?]*)\??(.*)$/.exec(asked.target) ?? [];
  const fields = fieldsOf(query);
  const field = (name: string): string => fields.find(([key]) => key === name)?.[1] ?? "";
  if (!PATH.test(path) || CONNECTS.test(path) || !FLAG.test(field("watch"))) return undefined;
  const from = field("resourceVersion");
  const known = from !== "" && from !== "0" && !isInitial(fields);
  return new Watch({ path, fields, version: known ? from : undefined });
}

class Watch implements Resumable {
  readonly farewell = GONE;
  readonly #path: string;
  readonly #fields: readonly (readonly [string, string])[];
  /**
   * Where to go on. Undefined while the first events are only what there was, in no order: the last of them is not the
   * newest. The first one that is a change, or a bookmark, ends that. As it stands in a query.
   */
  #version: string | undefined;
  #last = "";
  /** Something came that no watch sends: from then on it is a stream like any other. */
  #foreign = false;
  #over = false;

  constructor(of: {
    readonly path: string;
    readonly fields: readonly (readonly [string, string])[];
    readonly version: string | undefined;
  }) {
    this.#path = of.path;
    this.#fields = of.fields;
    this.#version = of.version;
  }

  see(text: string): "pass" | "drop" | "over" | "foreign" {
    const found = this.#foreign ? undefined : read(text);
    if (found === undefined) return this.#isForeign();
    const { uid, resourceVersion, annotations } = found.object.metadata;
    const version = inQuery(resourceVersion);
    // Both are kept for as long as the watch is.
    if (version === undefined || uid.length > KEPT_MAX) return this.#isForeign();
    switch (found.type) {
      case "ERROR":
        // Whatever it says, the server ends the watch with it.
        this.#over = true;
        return "over";
      case "BOOKMARK":
        if (
          resourceVersion !== "" &&
          (this.#version !== undefined || !this.#initial() || isInitialEnd(annotations))
        )
          this.#version = version;
        return "pass";
      case "ADDED":
      case "MODIFIED":
      case "DELETED": {
        if (resourceVersion === "") return this.#isForeign();
        const name = `${found.type} ${uid} ${resourceVersion}`;
        if (name === this.#last) return "drop";
        this.#last = name;
        // Where the end of what there was is marked, a change may come before the mark, which nobody sends again.
        if (this.#version !== undefined || (found.type !== "ADDED" && !this.#initial()))
          this.#version = version;
        return "pass";
      }
      default:
        return this.#isForeign();
    }
  }

  #isForeign(): "foreign" {
    this.#foreign = true;
    return "foreign";
  }

  again(): string | undefined {
    if (this.#foreign || this.#over || this.#version === undefined) return undefined;
    const kept = this.#fields.filter(([name]) => !START.has(name)).map(([name, value]) => `${name}=${value}`);
    return `${this.#path}?${[...kept, `resourceVersion=${this.#version}`].join("&")}`;
  }

  /** Whether what there was is sent first and its end is marked. */
  #initial(): boolean {
    return isInitial(this.#fields);
  }
}

type Event = ReturnType<typeof event>;

/** Events, of a few kilobytes each. */
const REMEMBERED = 64;

/** A UI watches the same in several places: what one of them has heard comes again, to the letter. */
const reader = (): ((text: string) => Event | undefined) => {
  const known = new Map<string, Event | undefined>();
  return (text) => {
    if (text.length > EVENT_MOST) return parsed(text);
    if (known.has(text)) return known.get(text);
    const found = parsed(text);
    // It stays for as long as the process does.
    if (found?.object.kind === "Secret") return found;
    for (const oldest of known.keys()) {
      if (known.size < REMEMBERED) break;
      known.delete(oldest);
    }
    known.set(text, found);
    return found;
  };
};

/** Characters of an event that is remembered. */
const EVENT_MOST = 16 * 1024;

const parsed = (text: string): Event | undefined => {
  try {
    return event(parseJson(text), "");
  } catch {
    return undefined;
  }
};
const read = reader();

/** Undefined: what cannot stand in a query is no version. */
const inQuery = (version: string): string | undefined => {
  try {
    return version.length > KEPT_MAX ? undefined : encodeURIComponent(version);
  } catch {
    return undefined;
  }
};

const isInitialEnd = (annotations: unknown): boolean => {
  try {
    return annotationsShape(annotations, "")?.["k8s.io/initial-events-end"] === "true";
  } catch {
    return false;
  }
};
