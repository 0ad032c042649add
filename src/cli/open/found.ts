import { placeText, type Looked } from "../../route/index.ts";
import { oneLine } from "../output.ts";
import type { Choice } from "./choose.ts";
import { foundText, type FoundUi, type SearchResult } from "./search.ts";

/** What a pod would get of a person, in a few words. */
const GETS: Readonly<Record<FoundUi["ui"]["sends"], string>> = {
  bearer: "the pod gets your token",
  headers: "the pod gets your name",
  nothing: "the pod gets nothing",
};

/** @param tokenless whether the person has nothing that a UI could be shown */
export const choiceOf = ({ ui, namespace, service, port }: FoundUi, tokenless: boolean): Choice => {
  const sends = ui.leg === "direct" ? "nothing" : ui.sends;
  const gets = tokenless && sends === "bearer" ? "it wants a token, and you have none" : GETS[sends];
  return {
    name: ui.name,
    place: `${namespace}/${service}${port === undefined ? "" : `:${port}`}`,
    how: port === undefined ? `its port has to be named; ${gets}` : gets,
  };
};

/** Names in a sentence: a few of them, and how many there are besides. */
const NAMES_MOST = 6;

const nameList = (names: readonly string[]): string => {
  const shown = names.slice(0, NAMES_MOST);
  const rest = names.length - shown.length;
  return `${shown.join(", ")}${rest === 0 ? "" : ` and ${rest} more`}`;
};

/** Where nothing was looked for and why, in as few lines as may be: most people may not list Services everywhere. */
export const notesOf = ({ places, podless }: Pick<SearchResult, "places" | "podless">): readonly string[] => {
  const denied = places.filter(({ state }) => state === "denied");
  const names = denied.flatMap(({ namespace }) => namespace ?? []);
  const where = [
    ...(names.length === 0 ? [] : [`in ${nameList(names)}`]),
    ...(denied.some(({ namespace }) => namespace === undefined) ? ["in all namespaces at once"] : []),
  ];
  return [
    ...(where.length === 0 ? [] : [`You may not list Services ${where.join(", nor ")}`]),
    ...places.flatMap(otherNote),
    ...podless.map(
      (found) =>
        `svc/${found.service} in namespace ${found.namespace} looks like ${found.ui.name}, but nothing says which pods are behind it`,
    ),
  ];
};

const otherNote = ({ state, namespace, error }: Looked): readonly string[] => {
  if (state === "partly")
    return [`There are more Services ${placeText(namespace)} than are looked at: name a namespace with -n`];
  return state === "failed" ? [oneLine(error?.message ?? "")] : [];
};

/** What a program reads of `kauth open --list`. */
export interface FoundDocument {
  readonly uis: readonly {
    readonly id: string;
    readonly name: string;
    readonly namespace: string;
    readonly target: string;
    readonly port: number | undefined;
    readonly leg: "direct" | "pod";
    readonly sends: "bearer" | "headers" | "nothing";
    readonly command: string;
  }[];
  readonly notSearched: readonly {
    readonly namespace: string | undefined;
    readonly state: "partly" | "denied" | "failed";
    readonly code: string | undefined;
    readonly message: string | undefined;
  }[];
}

/** @param command the words that open one */
export const documentOf = (
  { found, places }: SearchResult,
  command: (found: FoundUi) => string,
): FoundDocument => ({
  uis: found.map((each) => ({
    id: each.ui.id,
    name: each.ui.name,
    namespace: each.namespace,
    target: foundText(each),
    port: each.port,
    leg: each.ui.leg,
    sends: each.ui.sends,
    command: command(each),
  })),
  notSearched: places.flatMap(({ namespace, state, error }) =>
    state === "searched" ? [] : [{ namespace, state, code: error?.code, message: error?.message }],
  ),
});
