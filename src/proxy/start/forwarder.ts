import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { sendPage, whenOver, writePage } from "../answer.ts";
import { isBrowser } from "../guard.ts";
import type { OwnPage } from "../pages/document.ts";
import { goPage } from "../pages/go.ts";
import {
  linkAnswer,
  noProgram,
  noSuchPage,
  seeOther,
  startPage,
  stateAnswer,
  wrongMethod,
} from "../pages/start.ts";
import type { StartView } from "../pages/start-view.ts";
import { stopPage, stoppedPage } from "../pages/stop.ts";
import type { Forwarder } from "../types.ts";

export interface StartOptions {
  readonly system: Pick<System, "sleep" | "random">;
  readonly view: () => StartView;
  /** A person pressed the button of that cluster. */
  readonly signIn: (cluster: string) => void;
  /** A fresh one-time launch link of the target; undefined: there is no such target. */
  readonly go: (target: string) => Secret | undefined;
  /** Ends the program, as Ctrl-C does. */
  readonly stop: () => void;
}

/** What a person can ask for, and with what. The gate has made sure that a POST carries our own Origin. */
type Asked =
  | { readonly kind: "page" | "state" | "ask-stop" | "stop" }
  | { readonly kind: "sign-in" | "go" | "link"; readonly id: string };

const READS: Readonly<Record<string, Asked>> = {
  "/": { kind: "page" },
  "/state": { kind: "state" },
  "/stop": { kind: "ask-stop" },
};
const ACTS: Readonly<Record<string, Asked>> = { "/stop": { kind: "stop" } };

/** Ids are ours. */
const NAMED = /^\/(sign-in|go|link)\/([a-z0-9]{1,32})$/;

const askedFor = (method: string, url: string): Asked | "method" | undefined => {
  const read = Object.hasOwn(READS, url) ? READS[url] : undefined;
  if (method === "GET" || method === "HEAD") {
    if (read !== undefined) return read;
    return NAMED.test(url) ? "method" : undefined;
  }
  const [, kind, id] = NAMED.exec(url) ?? [];
  const act: Asked | undefined =
    (kind === "sign-in" || kind === "go" || kind === "link") && id !== undefined
      ? { kind, id }
      : Object.hasOwn(ACTS, url)
        ? ACTS[url]
        : undefined;
  if (act !== undefined && method === "POST") return act;
  return act === undefined && read === undefined ? undefined : "method";
};

/**
 * What stands behind the gate at the start page's origin: no upstream, only our own pages. Its session is its own; the
 * token for programs does not open it (security.md R-N6).
 */
export function startForwarder(options: StartOptions): Forwarder {
  const { system, view } = options;
  const nonce = (): string => system.random(16).toString("base64url");
  const answer = (asked: Asked): OwnPage => {
    switch (asked.kind) {
      case "page":
        return startPage(view(), nonce());
      case "state":
        return stateAnswer(view());
      case "ask-stop":
        return stopPage(view());
      case "stop":
        return stoppedPage;
      case "sign-in": {
        const cluster = view().clusters.find(({ id }) => id === asked.id);
        if (cluster === undefined) return noSuchPage;
        if (cluster.signIn !== "running") options.signIn(asked.id);
        return seeOther;
      }
      case "go":
      case "link": {
        const target = view().targets.find(({ id }) => id === asked.id);
        const link = target === undefined ? undefined : options.go(asked.id);
        if (target === undefined || link === undefined) return noSuchPage;
        return asked.kind === "go" ? goPage(target.title, link, nonce()) : linkAnswer(link);
      }
    }
  };
  let stopped = false;
  const stop = (): void => {
    if (!stopped) options.stop();
    stopped = true;
  };
  return {
    active: 0,
    request: (request: IncomingMessage, response: ServerResponse, { session }) => {
      if (!isBrowser(session)) return sendPage(response, noProgram, system);
      const asked = askedFor(request.method ?? "", request.url ?? "");
      if (asked === undefined) return sendPage(response, noSuchPage, system);
      if (asked === "method") return sendPage(response, wrongMethod, system);
      // The end comes after the answer that tells of it, or after whoever waited for that has gone.
      if (asked.kind === "stop") whenOver(response, stop);
      sendPage(response, answer(asked), system);
    },
    upgrade: (_request, socket) => writePage(socket, noSuchPage),
    forget: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
