import { document, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";

const SCRIPT = `
const show = (name) => { for (const part of document.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== name; };
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const send = (body) => fetch("/__kauth/session", { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "same-origin", cache: "no-store", redirect: "error" });
const signedIn = async () => (await send("check")).ok;
const start = async () => {
  if (!/^[\\w-]{43}$/.test(token)) return show("missing");
  const answer = await send(token);
  if (answer.status === 403) return show("void");
  if (!answer.ok) return show("failed");
  const { path, ticket, next } = await answer.json();
  if (!(await signedIn()) && !((await send("ticket " + ticket)).ok && (await signedIn()))) return show("cookies");
  location.replace(next ?? location.origin + path);
};
addEventListener("hashchange", () => location.reload());
start().catch(() => show("failed"));
`;

/** Turns the token in the link's fragment into a session; the token never stands in a request's line or header. */
export const launchPage = (title: string, nonce: string): OwnPage =>
  document({
    status: 200,
    title: `Signing in to ${title}`,
    connect: "'self'",
    script: { nonce, text: SCRIPT },
    content: markup`<div data-part="busy">
        <h1>Signing in to ${title}</h1>
        <p class="busy soft" role="status">One moment.</p>
        <noscript><p>Signing in needs JavaScript for this page.</p></noscript>
      </div>
      <div data-part="missing" hidden>
        <h1>This link is not complete</h1>
        <p>
          A launch link ends in <code>#</code> and a long code. Copy the whole line from the terminal where
          kauth runs, or press <kbd>Enter</kbd> there for a new one.
        </p>
      </div>
      <div data-part="void" hidden>
        <h1>This link has been used or is too old</h1>
        <p>
          A launch link works once and for a short time. Press <kbd>Enter</kbd> in the terminal where kauth
          runs for a new one.
        </p>
      </div>
      <div data-part="cookies" hidden>
        <h1>This browser keeps no cookies for kauth</h1>
        <p>Allow cookies for <code>localhost</code> addresses, then press <kbd>Enter</kbd> in the terminal.</p>
      </div>
      <div data-part="failed" hidden>
        <h1>kauth did not answer</h1>
        <p>See whether it still runs in its terminal, and press <kbd>Enter</kbd> there for a new link.</p>
      </div>`,
  });
