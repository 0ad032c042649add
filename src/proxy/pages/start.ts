import { CLOSED_POLICY, document, OWN_HEADERS, plain, type OwnPage } from "./document.ts";
import { markup, type Markup } from "./markup.ts";
import { scriptLiteral } from "./script.ts";

/** How signing in stands. */
export type SignInView = "well" | "failed" | "running";

export interface TargetView {
  /** What a person calls it. Remote text. */
  readonly title: string;
  /** Its page. */
  readonly url: string;
  /** In a few words of ours. */
  readonly health: string;
}

/** What the start page shows. All text but `health` may be remote. */
export interface StartView {
  readonly user: string | undefined;
  readonly signIn: SignInView;
  /** Fixed text: why signing in failed, and what to do. */
  readonly reason: string | undefined;
  /** In words, such as `in 14 min (15:04:05)`. */
  readonly ends: string | undefined;
  readonly targets: readonly TargetView[];
}

const BUTTON = markup`<form method="post" action="/sign-in">
        <button class="button" type="submit">Sign in again</button>
      </form>`;

const signIn = ({ signIn: state, reason }: StartView): Markup => {
  if (state === "running")
    return markup`<p class="busy" role="status">Signing in: look for a window of your provider, or at the terminal.</p>`;
  if (state === "well") return markup`<p>You are signed in.</p>${BUTTON}`;
  return markup`<p role="alert"><strong>Your sign-in has ended and could not be renewed.</strong> ${reason ?? ""}</p>
      <p>Nothing is tried before you ask for it.</p>
      ${BUTTON}`;
};

const target = ({ title, url, health }: TargetView): Markup =>
  markup`<li><a href="${url}">${title}</a> <span class="soft">${health}</span></li>`;

/** Seconds, where no script runs. */
const REFRESH = 15;

/** What makes the page another one; the time left does not. */
const startState = ({ user, signIn: state, reason, targets }: StartView): string =>
  JSON.stringify({ user, signIn: state, reason, targets });

const script = (view: StartView): string => `
const known = ${scriptLiteral(startState(view))};
const look = async () => {
  try {
    const answer = await fetch("/state", { cache: "no-store" });
    if (answer.status === 401 || (answer.ok && (await answer.text()) !== known)) return location.reload();
  } catch {}
  setTimeout(look, 1000);
};
setTimeout(look, 1000);
`;

const heading = ({ user, signIn: state }: StartView): string => {
  if (state === "failed") return "Sign in again";
  if (state === "running") return "Signing in";
  return user === undefined ? "kauth" : `Signed in as ${user}`;
};

/** The page of kauth's own controls, at an origin that no application has (security.md R-N6). */
export const startPage = (view: StartView, nonce: string): OwnPage =>
  document({
    status: 200,
    title: view.signIn === "failed" ? "Sign in again" : "kauth",
    form: true,
    refresh: REFRESH,
    connect: "'self'",
    script: { nonce, text: script(view) },
    content: markup`<h1>${heading(view)}</h1>
      ${view.ends === undefined ? "" : markup`<p class="soft">The credential ends ${view.ends}.</p>`}
      ${signIn(view)}
      <h2>Open now</h2>
      <ul class="targets">${view.targets.map(target)}</ul>
      <footer>This page belongs to kauth itself. No application can see it or press its buttons.</footer>`,
  });

export const stateAnswer = (view: StartView): OwnPage => ({
  status: 200,
  headers: ["Content-Type", "application/json", "Content-Security-Policy", CLOSED_POLICY, ...OWN_HEADERS],
  body: startState(view),
});
export const seeOther: OwnPage = { ...plain(303, "kauth: see the start page.", ["Location", "/"]) };
export const noSuchPage: OwnPage = plain(404, "kauth: there is no such page here.");
export const wrongMethod: OwnPage = plain(405, "kauth: this address does not take that method.");
export const noProgram: OwnPage = plain(
  403,
  "kauth: the start page is for the browser that followed a launch link.",
);
