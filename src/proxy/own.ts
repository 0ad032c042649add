import type { IncomingMessage, ServerResponse } from "node:http";
import type { System } from "../base/system.ts";
import { sendPage } from "./answer.ts";
import type { OwnAnswer } from "./guard.ts";
import type { ProxyEvent } from "./event.ts";
import { OWN_HEADERS, plain, type OwnPage } from "./pages/document.ts";
import { continuePage, healthAnswer, landingPage, workerScript } from "./pages/fixed.ts";
import { launchPage } from "./pages/launch.ts";
import { sessionCookie, TOKEN_PATTERN } from "./session.ts";
import { shownTitle, type OpenSite, type SiteHost } from "./sites.ts";

export interface OwnRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly host: SiteHost;
  readonly answer: OwnAnswer;
  readonly system: System;
  readonly emit: (event: ProxyEvent) => void;
}

/** Answers what never goes upstream: our three paths, the landing page and the pages that stand in. */
export function answerOwn(own: OwnRequest): void {
  const { request, response, host, answer, system } = own;
  const { open } = host;
  const title = shownTitle(open?.site);
  switch (answer) {
    case "health":
      return sendPage(response, healthAnswer, system);
    case "landing":
      return sendPage(
        response,
        request.url === "/" ? landingPage : { ...landingPage, status: 404 },
        system,
        request.url !== "/",
      );
    case "worker":
      return sendPage(response, workerScript, system);
    case "continue":
      return sendPage(response, continuePage(title, request.url ?? "/"), system);
    case "launch":
      return sendPage(response, launchPage(title, system.random(16).toString("base64url")), system);
    case "session":
      if (open === undefined) throw new TypeError("a bare name has no sessions");
      return readBody(request, (text) => {
        const page = sessionAnswer(text, open, own);
        sendPage(response, page, system, page.status >= 400);
      });
  }
}

/** Milliseconds for the 43 bytes of a token. */
const BODY_TIME = 5_000;

const readBody = (request: IncomingMessage, done: (text: string) => void): void => {
  const parts: Buffer[] = [];
  const timer = setTimeout(() => request.destroy(), BODY_TIME);
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("close", () => clearTimeout(timer));
  request.on("end", () => {
    clearTimeout(timer);
    // The gate has bounded the length.
    done(Buffer.concat(parts).toString("latin1"));
  });
};

const VOID: OwnPage = plain(403, "kauth: this launch link has been used or is too old.");
const MISSING: OwnPage = plain(409, "kauth: the session cookie did not come back.");
const DONE: OwnPage = { status: 204, headers: OWN_HEADERS, body: "" };

/** What the launch page sends after its token: whether the cookie came back, and if not, its ticket. */
const CHECK = "check";
const TICKET = "ticket ";

const sessionAnswer = (text: string, open: OpenSite, own: OwnRequest): OwnPage => {
  if (text === CHECK) {
    const found = own.host.cookie(own.request.headers.cookie ?? "");
    return found.kind === "one" && own.host.session(found.value) !== undefined ? DONE : MISSING;
  }
  if (text.startsWith(TICKET)) {
    const cookie = open.sessions.exchange(text.slice(TICKET.length));
    if (cookie === undefined) return VOID;
    open.plain = true;
    return {
      ...DONE,
      headers: [...OWN_HEADERS, "Set-Cookie", sessionCookie(open.cookieNames.plain, cookie)],
    };
  }
  return TOKEN_PATTERN.test(text) ? redeem(text, open, own) : VOID;
};

const redeem = (token: string, open: OpenSite, { emit }: OwnRequest): OwnPage => {
  const redeemed = open.sessions.redeem(token);
  if (redeemed.kind === "raced") emit({ kind: "raced", site: open.site, ended: redeemed.ended });
  if (redeemed.kind !== "session") return VOID;
  const clear = open.gap.unclean && !open.cleared;
  open.cleared = true;
  emit({ kind: "session", site: open.site });
  return {
    status: 200,
    headers: [
      "Content-Type",
      "application/json",
      ...OWN_HEADERS,
      "Set-Cookie",
      sessionCookie(open.cookieNames.strict, redeemed.cookie),
      // Whoever held the port since then may have left a worker or a poisoned cache (security.md R-N1).
      ...(clear ? ["Clear-Site-Data", '"cache", "storage"'] : []),
    ],
    body: JSON.stringify({
      path: open.site.path,
      ticket: redeemed.ticket.reveal(),
      next: open.site.next?.().reveal(),
    }),
  };
};
