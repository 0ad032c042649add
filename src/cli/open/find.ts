import type { Connection } from "../../api/index.ts";
import { KnownError } from "../../base/errors.ts";
import { escapeLine } from "../../base/terminal.ts";
import type { Method } from "../../credentials/index.ts";
import { givesNoToken } from "../bearer.ts";
import type { Invocation } from "../command.ts";
import { cleanLine, structured } from "../output.ts";
import { forgetTyped, keyboard } from "./ask.ts";
import { ambiguous, targetByName, type Meant } from "./by-name.ts";
import { tableOf, type Choice } from "./choose.ts";
import { canChoose, choose } from "./chooser.ts";
import { commandOf } from "./command-line.ts";
import { choiceOf, documentOf, notesOf } from "./found.ts";
import { searchUis, type FoundUi, type SearchResult, type UiTable } from "./search.ts";

export interface FindRequest {
  readonly invocation: Invocation;
  readonly connection: Connection;
  /** The person's own. */
  readonly namespace: string;
  /** Of the kubeconfig; undefined where none is used. */
  readonly context: string | undefined;
  readonly table: UiTable;
  readonly output: "text" | "json";
  /** How the person signs in to the API server. */
  readonly method: Method;
}

/** Who has a certificate should see here already what asks for more (open.md §5). */
const isTokenless = ({ method, invocation: { options } }: FindRequest): boolean =>
  givesNoToken(method) && (options.string("service-account") ?? "") === "" && !options.boolean("anonymous");

const choices = (request: FindRequest, found: readonly FoundUi[]): readonly Choice[] =>
  found.map((each) => choiceOf(each, isTokenless(request)));

const NAME_ONE = "Name a Service and its namespace: kauth open svc/NAME -n NAMESPACE";

/** `kauth open --list`: what is found, on standard output. @throws {KnownError} as searchUis */
export async function listUis(request: FindRequest): Promise<void> {
  const result = await search(request);
  await print(request, result);
  if (result.found.length === 0)
    request.invocation.system.log.say(`No Service that you may see looks like a UI. ${NAME_ONE}`);
}

/**
 * `kauth open` alone: a person chooses among what is found; undefined when they leave, or where nobody can be asked and
 * the list was printed. @throws {KnownError} UI_NOT_FOUND, and as searchUis
 */
export async function chooseTarget(request: FindRequest): Promise<Meant | undefined> {
  const { system } = request.invocation;
  system.log.say("Looking for UIs …");
  const result = await search(request);
  if (result.found.length === 0)
    throw new KnownError("UI_NOT_FOUND", "Cannot find a UI: no Service that you may see looks like one", {
      hint: [...notesOf(result), NAME_ONE].join("\n"),
    });
  if (canAsk(request)) return await ask(request, "UI", result.found, notesOf(result));
  await print(request, result);
  return undefined;
}

/**
 * What one word of the command line means; where it may be several UIs, a person chooses; undefined when they leave.
 * @throws {KnownError} TARGET_AMBIGUOUS where nobody can be asked, and as targetByName
 */
export async function namedTarget(text: string, request: FindRequest): Promise<Meant | undefined> {
  const { system, options, signal } = request.invocation;
  const named = await targetByName(text, {
    ...request,
    system,
    signal,
    namespaceGiven: (options.string("namespace") ?? "") !== "",
  });
  if (named.kind === "one") return named;
  if (canAsk(request)) return await ask(request, escapeLine(text), named.found, named.notes);
  throw ambiguous(text, named.found, await commands(request));
}

const search = async (request: FindRequest): Promise<SearchResult> => {
  const { system, signal } = request.invocation;
  return await searchUis({ ...request, system, signal });
};

const canAsk = ({ invocation, output }: FindRequest): boolean =>
  output === "text" && canChoose(invocation.system);

const ask = async (
  request: FindRequest,
  what: string,
  found: readonly FoundUi[],
  notes: readonly string[],
): Promise<Meant | undefined> => {
  const { context, invocation } = request;
  const { system, signal } = invocation;
  const title = `Which ${what}${context === undefined ? "" : ` of ${escapeLine(context)}`}?`;
  for (const note of notes) system.log.say(note);
  await forgetTyped(system, signal);
  const index = await choose(keyboard(), system, { title, choices: choices(request, found), signal });
  if (index === undefined) system.log.say("Nothing was opened: you left without choosing");
  const chosen = index === undefined ? undefined : found[index];
  return chosen === undefined ? undefined : { reference: chosen.reference, ui: chosen.ui.id };
};

/** What opens each of them. The table of commands is not of this part. */
const commands = async ({ invocation }: FindRequest): Promise<(found: FoundUi) => string> => {
  const { openCommand } = await import("../commands/open.ts");
  return (found) => commandOf(invocation, openCommand.options, found);
};

const print = async (request: FindRequest, result: SearchResult): Promise<void> => {
  const { log } = request.invocation.system;
  const command = await commands(request);
  if (request.output === "json") {
    log.out(await structured(documentOf(result, command), "json"));
    return;
  }
  const lines = tableOf(choices(request, result.found));
  for (const [index, found] of result.found.entries()) {
    log.out(cleanLine(lines[index] ?? ""));
    log.out(`  ${cleanLine(command(found))}`);
  }
  for (const note of notesOf(result)) log.say(note);
};
