import { CLOSED_POLICY, document, OWN_HEADERS, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";

/** What the bare loopback names show. It names no target: whoever gets here has shown no session. */
export const landingPage: OwnPage = document({
  status: 200,
  title: "kauth",
  content: markup`<h1>kauth is running here</h1>
    <p>
      Each application has an address of its own, which only you know. Use the link that kauth has opened or
      printed.
    </p>
    <p class="soft">
      Is the tab closed? Press <kbd>Enter</kbd> in the terminal where kauth runs for a new link.
    </p>`,
});

/** A page on another site has sent the browser here; only the person may go on (security.md R-B5). */
export const continuePage = (title: string, target: string): OwnPage =>
  document({
    status: 200,
    title: `Continue to ${title}?`,
    content: markup`<h1>Continue to ${title}?</h1>
      <p>
        A link on another page leads here. You are signed in to this application as yourself, so go on only if
        you meant to.
      </p>
      <pre>${target}</pre>
      <p><a class="button" href="${target}">Continue to ${title}</a></p>`,
  });

export const signedOutPage = (title: string): OwnPage =>
  document({
    status: 401,
    title: `This browser is not signed in to ${title}`,
    content: markup`<h1>This browser is not signed in to ${title}</h1>
      <p>The session has ended, or kauth was started anew. Nothing was sent to the application.</p>
      <p>
        Press <kbd>Enter</kbd> in the terminal where kauth runs for a new link, or run
        <code>kauth open</code> again.
      </p>`,
  });

/** Empty, without a CORS header, and readable by no page: a page may only learn that we are reached. */
export const healthAnswer: OwnPage = {
  status: 204,
  headers: ["Cache-Control", "no-store", "X-Content-Type-Options", "nosniff"],
  body: "",
};

/**
 * Given in place of every service worker script, so that nobody's worker stays at this origin and one that is
 * there goes (security.md R-N1). It takes its pages over without a fetch handler and signs itself off.
 */
export const workerScript: OwnPage = {
  status: 200,
  headers: [
    "Content-Type",
    "text/javascript; charset=utf-8",
    "Content-Security-Policy",
    CLOSED_POLICY,
    "Service-Worker-Allowed",
    "/",
    ...OWN_HEADERS,
  ],
  body: `self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim().then(() => self.registration.unregister())));
`,
};
