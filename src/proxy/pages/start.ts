import { document, plain, type OwnPage } from "./document.ts";
import { markup, type Markup } from "./markup.ts";

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

/** Seconds; it changes by itself while something runs, and a person may look at it for hours. */
const REFRESH_RUNNING = 2;
const REFRESH = 15;

/** The page of kauth's own controls, at an origin that no application has (security.md R-N6). */
export const startPage = (view: StartView): OwnPage =>
  document({
    status: 200,
    title: view.signIn === "failed" ? "Sign in again" : "kauth",
    form: true,
    refresh: view.signIn === "running" ? REFRESH_RUNNING : REFRESH,
    content: markup`<h1>${view.user === undefined ? "kauth" : `Signed in as ${view.user}`}</h1>
      ${view.ends === undefined ? "" : markup`<p class="soft">The credential ends ${view.ends}.</p>`}
      ${signIn(view)}
      <h2>Open now</h2>
      <ul class="targets">${view.targets.map(target)}</ul>
      <footer>This page belongs to kauth itself. No application can see it or press its buttons.</footer>`,
  });

export const seeOther: OwnPage = { ...plain(303, "kauth: see the start page.", ["Location", "/"]) };
export const noSuchPage: OwnPage = plain(404, "kauth: there is no such page here.");
export const wrongMethod: OwnPage = plain(405, "kauth: this address does not take that method.");
export const noProgram: OwnPage = plain(
  403,
  "kauth: the start page is for the browser that followed a launch link.",
);
