import type { Secret } from "../../base/secret.ts";
import { document, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";
import { NO_OPENER } from "./opener.ts";
import { scriptLiteral } from "./script.ts";

/**
 * Leads a new tab from the start page to a target by a fresh launch link. It is a page, since Chromium holds a redirect
 * after a form to `form-action` too, and a target's origin is not ours to allow there. The link stands in no header and
 * in no history: the page is kept nowhere, and makes way for the one that it leads to.
 */
export const goPage = (title: string, link: Secret, nonce: string): OwnPage =>
  document({
    status: 200,
    title: `Opening ${title}`,
    script: { nonce, text: `location.replace(${scriptLiteral(link.reveal())});` },
    content: markup`<h1>Opening ${title}</h1>
      <p class="busy soft" role="status">One moment.</p>
      <noscript><p>Signing in needs JavaScript for this page.</p></noscript>`,
    extra: NO_OPENER,
  });
