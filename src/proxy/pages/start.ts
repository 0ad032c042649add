import type { Secret } from "../../base/secret.ts";
import { CLOSED_POLICY, document, OWN_HEADERS, plain, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";
import { NO_OPENER } from "./opener.ts";
import { startContent } from "./start-content.ts";
import { START_SCRIPT } from "./start-script.ts";
import { START_SHEET } from "./start-style.ts";
import type { StartView } from "./start-view.ts";

/** Seconds, where no script runs. */
const REFRESH = 15;

/** Whether it is production is to be seen among the tabs too. */
const titleOf = ({ clusters }: StartView): string =>
  [
    ...(clusters.some(({ production }) => production) ? ["● prod"] : []),
    ...(clusters.some(({ signIn }) => signIn === "failed") ? ["Sign in again"] : []),
    "kauth",
  ].join(" · ");

/** The page of kauth's own controls, at an origin that no application has (security.md R-N6). */
export const startPage = (view: StartView, nonce: string): OwnPage =>
  document({
    status: 200,
    title: titleOf(view),
    form: true,
    refresh: REFRESH,
    connect: "'self'",
    sheet: START_SHEET,
    script: { nonce, text: START_SCRIPT },
    content: markup`<p id="gone" class="notice" role="status" hidden>kauth does not answer. Perhaps it has ended: see its terminal.</p>
      <div id="page">${startContent(view)}</div>
      <p id="news" class="unseen" role="status" aria-live="polite"></p>
      <footer>
        <p>This page belongs to kauth itself. No application can see it or press its buttons.</p>
        <a href="/stop">Stop kauth &hellip;</a>
      </footer>`,
    extra: NO_OPENER,
  });

const json = (value: unknown): OwnPage => ({
  status: 200,
  headers: ["Content-Type", "application/json", "Content-Security-Policy", CLOSED_POLICY, ...OWN_HEADERS],
  body: JSON.stringify(value),
});

/** What the page's script puts in place of the old. */
export const stateAnswer = (view: StartView): OwnPage =>
  json({ title: titleOf(view), content: startContent(view).text });

export const linkAnswer = (link: Secret): OwnPage => json({ url: link.reveal() });

export const seeOther: OwnPage = { ...plain(303, "kauth: see the start page.", ["Location", "/"]) };
export const noSuchPage: OwnPage = plain(404, "kauth: there is no such page here.");
export const wrongMethod: OwnPage = plain(405, "kauth: this address does not take that method.");
export const noProgram: OwnPage = plain(
  403,
  "kauth: the start page is for the browser that followed a launch link.",
);
