import type { Leg } from "../proxy/index.ts";

/** Names and values, all of them. A value may have `*` for any text: charts write `NAME-VERSION` into `helm.sh/chart`. */
export type Labels = Readonly<Record<string, string>>;

/** How a UI is recognised. In each list one entry is enough. */
export interface Find {
  /** Names of its Service; `*` stands for any text. */
  readonly services: readonly string[];
  /** Labels of its Service. */
  readonly serviceLabels: readonly Labels[];
  /** Labels of its pod. */
  readonly podLabels: readonly Labels[];
  /** Repositories of the image of the container that answers, from the right: `kiali/kiali` for `quay.io/kiali/kiali:v2`. */
  readonly images: readonly string[];
  /** Services with its labels that are something else; `*` stands for any text. */
  readonly except: readonly string[];
  /** Where people install it, looked in when nobody may list everywhere. */
  readonly namespaces: readonly string[];
}

/** An answer that shows which UI it is. All that is given has to fit. */
export interface Sign {
  readonly status: number;
  /** Text in the body. */
  readonly contains?: string;
  /** Keys of the JSON object that the body is. */
  readonly keys?: readonly string[];
}

/** Asked by GET: HEAD is answered by something else (ui-traffic U22), and a status alone proves nothing (U23). */
export interface Ready {
  readonly path: string;
  /** One is enough. */
  readonly answers: readonly Sign[];
}

/** Paths with `*` for one segment; `**` at the end for all that follows. */
export type PathPattern = string;

/** What an answer says of the credential; without any, each 401 says that it was refused. */
export interface Refusals {
  /** Paths whose 401 says nothing about it. */
  readonly never?: readonly PathPattern[];
  /** Answers that may stand for a refusal: the API server is asked, and a plugin is run only where it refuses too. */
  readonly perhaps?: readonly { readonly status: number; readonly path: PathPattern }[];
}

/** A header that kauth adds, with placeholders for who the person is (`recipe.ts`). */
export interface Recipe {
  readonly name: string;
  readonly value: string;
}

/** What a UI's pod gets of the person (security.md R-N11). */
export type Sends = "bearer" | "headers" | "nothing";

/** All that is known about a web UI of Kubernetes. `docs/uis.md` has the sources. */
export interface Preset {
  /** What a person types: `kauth open ID`. */
  readonly id: string;
  readonly name: string;
  readonly find: Find;
  /** Ports of its Service, by name or number; the first one that it has counts. */
  readonly ports: readonly (string | number)[];
  readonly scheme: "http" | "https";
  /** Labels of pods that speak the other scheme. Default: none. */
  readonly otherScheme?: readonly Labels[];
  /** Path and query of the page to open. */
  readonly path: string;
  /** Undefined: nothing is known that it alone would say. */
  readonly ready: Ready | undefined;
  /** A path that answers 401 to whoever is not signed in, and 200 to whoever is. */
  readonly asks?: string;
  /** Cookies that must not reach it, since they would sign in somebody else: names, or prefixes that end in `*`. */
  readonly strip: readonly string[];
  /** Cookies that its page must not find in the browser. */
  readonly expire: readonly string[];
  readonly headers: readonly Recipe[];
  readonly refusals: Refusals;
  readonly sends: Sends;
  readonly leg: Leg;
  /**
   * Whether it acts as whom the `Impersonate-*` headers of a request name: it takes them itself or hands them to the API
   * server, or it knows nothing of them.
   */
  readonly impersonation: "accepts" | "ignores";
}
