import * as crypto from "node:crypto";

/** A page of ours: static but for what it says, and it loads nothing. */
export interface Page {
  readonly html: string;
  /** For Content-Security-Policy. */
  readonly policy: string;
}

/** Takes the code out of the address bar and the history, and closes the tab where the browser allows it. */
const SCRIPT = 'history.replaceState(null,"",location.pathname);';
const CLOSE = `${SCRIPT}window.close();`;

const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const build = (title: string, body: string, script: string, head = ""): Page => ({
  html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>${head}</head><body><h1>${title}</h1>${body}<script>${script}</script></body></html>\n`,
  policy: `default-src 'none'; script-src 'sha256-${crypto.createHash("sha256").update(script).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
});

export const page = {
  /** The words are those that people look for (oidc.md §1.7). `next` is http or https. */
  success: (next?: URL): Page => {
    if (next === undefined)
      return build(
        "Authenticated",
        "<p>You have logged in to the cluster. You can close this window.</p>",
        CLOSE,
      );
    const to = escapeHtml(next.href);
    return build(
      "Authenticated",
      `<p><a href="${to}">redirecting...</a></p>`,
      SCRIPT,
      `<meta http-equiv="refresh" content="0;URL=${to}">`,
    );
  },
  failure: (why: string): Page =>
    build("Not signed in", `<p>${escapeHtml(why)}</p><p>The terminal says more.</p>`, SCRIPT),
};
