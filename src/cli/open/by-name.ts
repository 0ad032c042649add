import { getObject } from "../../api/index.ts";
import { isKnownError, KnownError } from "../../base/errors.ts";
import { escapeLine } from "../../base/terminal.ts";
import { parseTarget, type TargetReference } from "../../route/index.ts";
import { notesOf } from "./found.ts";
import { searchUis, type FindableUi, type FoundUi, type SearchOptions } from "./search.ts";

/** `NAME` or `NAME:PORT`: what names no kind of object, and is no URL. */
const isBare = (text: string): boolean => !text.includes("/");

/** The UIs of the table that a word stands for: `dashboard` for `dashboard-2` too. */
export const meantBy = (name: string, all: readonly FindableUi[]): readonly FindableUi[] =>
  all.filter(
    ({ id }) => id === name || (id.startsWith(`${name}-`) && /^\d+$/.test(id.slice(name.length + 1))),
  );

/** Whether a word means what it says, so that nobody has to be asked what it is. */
export const isCertain = (text: string, all: readonly FindableUi[]): boolean =>
  !isBare(text) || meantBy(parseTarget(text).name, all).length === 0;

export interface NameOptions extends Omit<SearchOptions, "only"> {
  /** Whether the person has named it for this command. */
  readonly namespaceGiven: boolean;
}

/** What was meant. */
export interface Meant {
  readonly reference: TargetReference;
  /** Id of the UI that it was found as: nobody has named the Service itself. Undefined: somebody has. */
  readonly ui?: string;
}

export type Named =
  | (Meant & { readonly kind: "one" })
  /** Two at least, or one that a person has to look at. */
  | { readonly kind: "several"; readonly found: readonly FoundUi[]; readonly notes: readonly string[] };

/**
 * What a word on the command line means. A bare name is first a Service of the person's namespace, then a UI that is
 * known by it, wherever it is found; nothing is dialled for what is certain.
 * @throws {KnownError} TARGET_INVALID, UI_NOT_FOUND, and what the API server answers
 */
export async function targetByName(text: string, options: NameOptions): Promise<Named> {
  const reference = parseTarget(text);
  const uis = isBare(text) ? meantBy(reference.name, options.table.all) : [];
  if (uis.length === 0) return { kind: "one", reference };
  const { connection, namespace, signal } = options;
  const there = await getObject(connection, "services", { namespace, name: reference.name, signal }).then(
    () => true,
    (error: unknown) => {
      if (isKnownError(error, "NOT_FOUND") || isKnownError(error, "FORBIDDEN")) return false;
      throw error;
    },
  );
  if (there) return { kind: "one", reference };
  const result = await searchUis({ ...options, only: uis });
  const own = result.found.filter((each) => each.namespace === namespace);
  // Who names a namespace means it. The one of a context is no wish, and anybody there can label a Service.
  const found = options.namespaceGiven && own.length > 0 ? own : result.found;
  const ported = found.map((each) => withPort(each, reference.port));
  const [first] = ported;
  const notes = notesOf(result);
  if (first === undefined) throw notFound(reference.name, uis, notes);
  return ported.length === 1 && isUsual(first, namespace)
    ? { kind: "one", reference: first.reference, ui: first.ui.id }
    : { kind: "several", found: ported, notes };
}

/**
 * Whether it is where the person's own things are, or where people install it. Anywhere else it may be somebody's who
 * waits for the tokens of those who type the name (security.md R-G3).
 */
const isUsual = ({ namespace, ui }: FoundUi, own: string): boolean =>
  namespace === own || ui.find.namespaces.includes(namespace);

const withPort = (found: FoundUi, port: string | undefined): FoundUi =>
  port === undefined ? found : { ...found, reference: { ...found.reference, port } };

const notFound = (name: string, uis: readonly FindableUi[], notes: readonly string[]): KnownError =>
  new KnownError(
    "UI_NOT_FOUND",
    `Cannot find "${name}": there is no Service of that name, and none that looks like ${uis.map((ui) => escapeLine(ui.name)).join(" or ")}`,
    {
      hint: [...notes, `Name its Service and namespace: kauth open svc/NAME -n NAMESPACE`].join(". "),
    },
  );

/** Of a hundred that have one name no one wants to read all. */
const LISTED_MOST = 20;

/** For whoever cannot be asked. */
export const ambiguous = (
  name: string,
  found: readonly FoundUi[],
  command: (found: FoundUi) => string,
): KnownError => {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0)
    return new KnownError(
      "TARGET_AMBIGUOUS",
      `Cannot open "${name}" by its name alone: the one Service that looks like it is in namespace "${escapeLine(only.namespace)}", where it is not usually installed`,
      { hint: `Whoever made it may get your token. If you know it:\n  ${command(only)}` },
    );
  const rest = found.length - LISTED_MOST;
  const more = rest > 0 ? [`and ${rest} more, which kauth open --list lists`] : [];
  return new KnownError(
    "TARGET_AMBIGUOUS",
    `Cannot choose between ${found.length} Services that "${name}" may be`,
    {
      hint: ["Choose one:", ...found.slice(0, LISTED_MOST).map((each) => `  ${command(each)}`), ...more].join(
        "\n",
      ),
    },
  );
};
