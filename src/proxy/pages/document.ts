import { markup, Markup } from "./markup.ts";
import { STYLE, type Sheet } from "./style.ts";

/** An answer of our own, complete. */
export interface OwnPage {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. Framing is added by who sends it. */
  readonly headers: readonly string[];
  readonly body: string;
}

export interface DocumentParts {
  readonly status: number;
  readonly title: string;
  readonly content: Markup;
  /** What it needs beside the style sheet of all pages. */
  readonly sheet?: Sheet;
  /** A script of ours; it runs by this nonce and no other does. */
  readonly script?: { readonly nonce: string; readonly text: string };
  /** Source expressions for `connect-src`. Default: none. */
  readonly connect?: string;
  /** It has a form of ours, which posts to its own origin. Default: none. */
  readonly form?: boolean;
  /** Seconds after which the page asks again where no script of ours can do it better. */
  readonly refresh?: number;
  /** Names and values in turn. */
  readonly extra?: readonly string[];
}

const MARK = new Markup(
  '<svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><circle cx="6.5" cy="10" r="3.5"/><path d="M10 10h8m-3 0v3.2"/></svg>',
);

/** Sent with every answer of ours, whatever its type (security.md R-D5). */
export const OWN_HEADERS: readonly string[] = [
  "Cache-Control",
  "no-store",
  "X-Content-Type-Options",
  "nosniff",
  "Referrer-Policy",
  "no-referrer",
  "Cross-Origin-Resource-Policy",
  "same-origin",
  "X-Frame-Options",
  "DENY",
];

/** For answers that are no documents. */
export const CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'";

const policy = (parts: DocumentParts): string =>
  [
    "default-src 'none'",
    `style-src ${[STYLE, ...(parts.sheet === undefined ? [] : [parts.sheet])].map(({ source }) => source).join(" ")}`,
    ...(parts.script === undefined ? [] : [`script-src 'nonce-${parts.script.nonce}'`]),
    ...(parts.connect === undefined ? [] : [`connect-src ${parts.connect}`]),
    "base-uri 'none'",
    `form-action ${parts.form === true ? "'self'" : "'none'"}`,
    "frame-ancestors 'none'",
  ].join("; ");

/** The whole document as text; also used for the redirect file, which no server sends. */
export const documentText = (parts: DocumentParts, meta: Markup = new Markup("")): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${meta}<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
${parts.refresh === undefined ? "" : markup`<noscript><meta http-equiv="refresh" content="${parts.refresh}"></noscript>\n`}<title>${parts.title}</title>
<style>${new Markup(STYLE.text)}</style>
${parts.sheet === undefined ? "" : markup`<style>${new Markup(parts.sheet.text)}</style>\n`}</head>
<body>
<main>
<p class="brand">${MARK}kauth</p>
${parts.content}
</main>
${parts.script === undefined ? "" : markup`<script nonce="${parts.script.nonce}">${new Markup(parts.script.text)}</script>\n`}</body>
</html>
`.text;

export const document = (parts: DocumentParts): OwnPage => ({
  status: parts.status,
  headers: [
    "Content-Type",
    "text/html; charset=utf-8",
    "Content-Security-Policy",
    policy(parts),
    // With `no-referrer` a browser would send a form's Origin as `null`, and the gate takes none of these.
    ...(parts.form === true
      ? OWN_HEADERS.map((value) => (value === "no-referrer" ? "same-origin" : value))
      : OWN_HEADERS),
    ...(parts.extra ?? []),
  ],
  body: documentText(parts),
});

/** The policy as a `<meta>`, for a page that comes from a file. `frame-ancestors` has no meaning there. */
export const policyMeta = (parts: DocumentParts): Markup =>
  markup`<meta http-equiv="Content-Security-Policy" content="${policy(parts).replace("; frame-ancestors 'none'", "")}">\n<meta name="referrer" content="no-referrer">\n`;

/** A short answer for scripts and tools. */
export const plain = (status: number, text: string, extra: readonly string[] = []): OwnPage => ({
  status,
  headers: [
    "Content-Type",
    "text/plain; charset=utf-8",
    "Content-Security-Policy",
    CLOSED_POLICY,
    ...OWN_HEADERS,
    ...extra,
  ],
  body: `${text}\n`,
});
