/** Most rounds of percent-encoding that anybody between here and the server could take off. */
const ROUNDS = 4;

/** One round of percent-decoding; what is no encoding stays as it is. */
export const decodedOnce = (text: string): string =>
  text.replaceAll(/%([0-9a-f]{2})/gi, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );

/** Parameters of a segment, and what only looks like the end of it, are not its name. */
const nameOf = (segment: string): string => segment.replace(/[;?#\0- ][^]*$/, "");

const segmentsOf = (path: string): readonly string[] =>
  path
    .toLowerCase()
    .split(/[/\\]+/)
    .map(nameOf)
    .filter((segment) => segment !== "" && segment !== ".");

const withoutParents = (segments: readonly string[]): readonly string[] => {
  const kept: string[] = [];
  for (const segment of segments)
    if (segment === "..") kept.pop();
    else kept.push(segment);
  return kept;
};

/**
 * The segments of a path, in lower case, in every way that some server or proxy behind this one may read it: decoded or
 * not, with `..` or without. Undefined: it is encoded so often that nobody means well.
 */
export function readingsOf(path: string): readonly (readonly string[])[] | undefined {
  const readings: (readonly string[])[] = [];
  for (let round = 0, text = path; round <= ROUNDS; round += 1) {
    const segments = segmentsOf(text);
    readings.push(segments);
    if (segments.includes("..")) readings.push(withoutParents(segments));
    const next = decodedOnce(text);
    if (next === text) return readings;
    text = next;
  }
  return undefined;
}

/** What a path of the Kubernetes API names. */
export interface ApiPath {
  /** Empty: the core group. */
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** What stands behind the name. */
  readonly rest: readonly string[];
  /** The old way to write a watch: `/api/v1/watch/pods`. */
  readonly watch: boolean;
}

const VERSION = /^v\d+(?:(?:alpha|beta)\d+)?$/;
/** Everything that Kubernetes calls by name, as it is written when nobody hides anything. */
const PLAIN = /^[A-Za-z0-9._:@+~-]+$/;

/** Of a prefix: the name of a cluster may be encoded, but must not be a path or another spelling of one. */
const isPlainPrefix = (segment: string): boolean => {
  const plain = decodedOnce(segment);
  return plain !== "" && plain !== "." && plain !== ".." && !/[/\\;?#%\0- \x7f]/.test(plain);
};

/** Where the API's own path begins, and how many segments say group and version. */
const rootAt = (segments: readonly string[], index: number): number | undefined => {
  if (segments[index] === "api" && VERSION.test(segments[index + 1] ?? "")) return 2;
  if (segments[index] === "apis" && VERSION.test(segments[index + 2] ?? "")) return 3;
  return undefined;
};

/**
 * A path of the Kubernetes API below any prefix, in its plainest spelling only: whatever can be read in two ways is none.
 * So is one below another, as the API server's own proxy has them: nobody knows who answers there.
 */
export function apiPath(path: string): ApiPath | undefined {
  const [first, ...segments] = path.split("/");
  if (first !== "") return undefined;
  const roots = segments
    .map((_each, index) => index)
    .filter((index) => rootAt(segments, index) !== undefined);
  const [root, ...others] = roots;
  if (root === undefined || others.length > 0) return undefined;
  const prefix = segments.slice(0, root);
  if (!prefix.every(isPlainPrefix)) return undefined;
  if (prefix.some((segment) => decodedOnce(segment).toLowerCase() === "proxy")) return undefined;
  const own = segments.slice(root);
  if (!own.every((segment) => PLAIN.test(segment) && segment !== "." && segment !== "..")) return undefined;
  const group = own[0] === "api" ? "" : (own[1] ?? "");
  const after = own.slice(rootAt(segments, root));
  const watch = after[0] === "watch";
  const [resource, name, inside, ...rest] = watch ? after.slice(1) : after;
  if (resource === undefined) return undefined;
  const of = { group, watch };
  if (resource !== "namespaces" || name === undefined || inside === undefined || OF_NAMESPACES.has(inside))
    return {
      ...of,
      resource,
      name,
      namespace: undefined,
      rest: inside === undefined ? rest : [inside, ...rest],
    };
  return { ...of, resource: inside, namespace: name, name: rest[0], rest: rest.slice(1) };
}

/** Sub-resources of a namespace itself. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(["status", "finalize"]);
