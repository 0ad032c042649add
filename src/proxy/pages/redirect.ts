import type { Secret } from "../../base/secret.ts";
import { documentText, policyMeta, type DocumentParts } from "./document.ts";
import { markup } from "./markup.ts";
import { scriptLiteral } from "./script.ts";

/** Milliseconds; the answer comes from the same machine. */
const PROBE_LIMIT = 4_000;

const script = (url: string, origin: string): string => `
const target = ${scriptLiteral(url)};
const probe = ${scriptLiteral(`${origin}/__kauth/health`)};
const show = (name) => { for (const part of document.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== name; };
fetch(probe, { mode: "no-cors", cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(${PROBE_LIMIT}) })
  .then(() => location.replace(target), () => show("unreachable"));
document.querySelector("button").addEventListener("click", () => location.reload());
`;

/**
 * The file that a browser is started on. Before the token goes anywhere it asks whether this browser finds us
 * under the name: where `*.localhost` is not resolved, the name would go to a DNS server.
 */
export const redirectFile = (
  launch: { readonly url: Secret; readonly title: string },
  nonce: string,
): string => {
  const url = launch.url.reveal();
  const { origin, hostname } = new URL(url);
  const parts: DocumentParts = {
    status: 200,
    title: `Opening ${launch.title}`,
    content: markup`<div data-part="busy">
        <h1>Opening ${launch.title}</h1>
        <p class="busy soft" role="status">One moment.</p>
        <noscript>
          <p>
            This page needs JavaScript to sign you in. Allow it for local files, or use the link that kauth
            prints in its terminal.
          </p>
        </noscript>
      </div>
      <div data-part="unreachable" hidden>
        <h1>This browser cannot reach kauth</h1>
        <p>
          It does not find <code>${hostname}</code> on this machine, or kauth has ended. Some browsers do not
          know names that end in <code>.localhost</code>.
        </p>
        <p>
          If kauth still runs, stop it and start it again with <code>--origin ip</code>, or open the link that
          it prints in another browser.
        </p>
        <button class="button" type="button">Try again</button>
      </div>`,
    connect: origin,
    script: { nonce, text: script(url, origin) },
  };
  return documentText(parts, policyMeta(parts));
};
