/** Where a UI has the clusters: below `BASE/clusters/`. */
export interface ApiPlace {
  /** The one cluster that is answered, as the UI names it in its paths. */
  readonly cluster: string;
  /** What stands before every path of the UI, as Headlamp's `-base-url`; "" or with a slash before and none behind. */
  readonly base: string;
}

export type PathReading =
  /** Below `/clusters/`. */
  | {
      readonly kind: "cluster";
      /** Decoded. */
      readonly cluster: string;
      /** From its slash on, raw, without the query. */
      readonly path: string;
      readonly query: string;
    }
  /** It may mean something else to another reader. */
  | { readonly kind: "ambiguous" }
  /** Not below `/clusters/`; `path` is raw and below the base, or undefined where it is not below that. */
  | { readonly kind: "elsewhere"; readonly path: string | undefined };

const CLUSTERS = "clusters";
const AMBIGUOUS: PathReading = { kind: "ambiguous" };

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** Some readers take what follows a semicolon for a parameter of the segment (RFC 3986 §3.3). */
const withoutParameters = (segment: string): string => segment.split(";", 1)[0] ?? "";

const isDots = (segment: string): boolean => /^\.\.?$/.test(withoutParameters(segment));
const DIVIDES = /[/\\\p{Cc}]/u;

/** A segment that another reader could take for several, or for one above; also one that decodes twice. */
const isAmbiguous = (segment: string): boolean => {
  if (isDots(segment) || segment.includes("\\")) return true;
  if (!segment.includes("%")) return false;
  const once = decoded(segment);
  if (once === undefined || isDots(once) || DIVIDES.test(once)) return true;
  const twice = once.includes("%") ? decoded(once) : undefined;
  return twice !== undefined && (isDots(twice) || DIVIDES.test(twice));
};

const pathOf = (target: string): string => target.split("?", 1)[0] ?? "";

/** Whether a target may name what `readPath` has to decide about; the rest of a UI's files needs no further look. */
export const mayConcernApi = (target: string): boolean => {
  const path = decoded(pathOf(target));
  return path === undefined || /clusters|wsMultiplexer|set-token|drain-node/i.test(path);
};

/** How a request's target reads where the UI is found at `base`. */
export function readPath(target: string, base: string): PathReading {
  const whole = pathOf(target);
  // Not even in another spelling.
  if (!whole.includes(CLUSTERS) && decoded(whole)?.includes(CLUSTERS) === false)
    return elsewhere(whole, base);
  const segments = whole.split("/").slice(1);
  // The same address by another spelling must not find its way into the pod, where it might mean the same.
  if (segments.some(isAmbiguous)) return AMBIGUOUS;
  const plain = segments.map((each) => withoutParameters(decoded(each) ?? "")).filter((each) => each !== "");
  const wanted = [...base.split("/").slice(1), CLUSTERS];
  if (wanted.some((each, index) => plain[index] !== each)) return elsewhere(whole, base);
  const own = `${base}/${CLUSTERS}`;
  if (whole !== own && !whole.startsWith(`${own}/`)) return AMBIGUOUS;
  const [cluster = "", ...rest] = segments.slice(wanted.length);
  if (rest.slice(0, -1).includes("")) return AMBIGUOUS;
  return {
    kind: "cluster",
    cluster: decoded(cluster) ?? "",
    path: rest.length === 0 ? "" : `/${rest.join("/")}`,
    query: target.slice(whole.length),
  };
}

const elsewhere = (whole: string, base: string): PathReading => ({
  kind: "elsewhere",
  path: whole.startsWith(`${base}/`) ? whole.slice(base.length) : undefined,
});

/** The path of a cluster as the browser knows it. */
export const clusterPath = ({ base, cluster }: ApiPlace): string =>
  `${base}/${CLUSTERS}/${encodeURIComponent(cluster)}`;
