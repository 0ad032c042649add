import { fallback, list, object, parseJson, string, unknown } from "../base/decode.ts";

/** What Headlamp names the cluster that it runs in unless it is told otherwise (open.md §5.1), and any other UI's. */
export const CLUSTER = "main";

/** Characters. Contexts are named by people, and by clouds with their resource names. */
const NAME_MAX = 512;

const config = object({ clusters: list(unknown) });
const entry = object({
  name: string,
  server: fallback(string, ""),
  meta_data: fallback(object({ source: fallback(string, "") }), { source: "" }),
});

/** What is looked at. The pod says the list, and each entry that is none costs some microseconds of everybody's time. */
const CLUSTERS_MOST = 20_000;

/** The API server as a pod knows it, by the names that its Service has. */
const INSIDE = /^https:\/\/kubernetes(?:\.default(?:\.svc(?:\.[a-z0-9.-]+)?)?)?(?::\d+)?\/?$/i;

/** It has to be one segment of a path, in one spelling, and readable in a line. */
const isName = (name: string): boolean =>
  name !== "" &&
  name.length <= NAME_MAX &&
  name !== "." &&
  name !== ".." &&
  !/[\p{Cc}\p{Surrogate}/\\%;]/u.test(name);

/**
 * The name of the cluster that Headlamp runs in, from the text of its `/config`: the one whose source is `incluster`
 * (ui-traffic, headlamp-open-and-use), or whose server is the API server's Service, or the only one; else `main`.
 * Undefined: the text is no configuration of Headlamp's.
 */
export function inClusterName(text: string): string | undefined {
  let clusters: readonly unknown[];
  try {
    ({ clusters } = config(parseJson(text), ""));
  } catch {
    return undefined;
  }
  const known = clusters.slice(0, CLUSTERS_MOST).flatMap((each) => {
    try {
      const found = entry(each, "");
      return isName(found.name) ? [found] : [];
    } catch {
      return [];
    }
  });
  const found =
    known.find(({ meta_data: { source } }) => source === "incluster") ??
    known.find(({ server }) => INSIDE.test(server)) ??
    (clusters.length === 1 ? known[0] : undefined);
  return found?.name ?? CLUSTER;
}

/** A page a few directories down asks the same back end. */
const DEPTH = 3;

/** What may stand before Headlamp's own paths, by the page that is opened: nothing, or how that begins. */
export function possibleBases(page: string): readonly string[] {
  const segments = (page.split(/[?#]/, 1)[0] ?? "").split("/").slice(1, 1 + DEPTH);
  const bases = [""];
  for (const each of segments) {
    if (!/^[\w.~-]+$/.test(each) || /^\.\.?$/.test(each)) break;
    bases.push(`${bases.at(-1) ?? ""}/${each}`);
  }
  return bases;
}
