import type { Problem } from "../types.ts";
import { CLOSED_POLICY, document, OWN_HEADERS, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";

/** Seconds until the page of a waiting navigation asks again; F3 wants recovery within 2 s of readiness. */
const REFRESH_AFTER = 2;

const retryHeader = (problem: Problem): readonly string[] =>
  problem.retryAfter === undefined ? [] : ["Retry-After", String(Math.max(0, Math.ceil(problem.retryAfter)))];

export const problemPage = (problem: Problem): OwnPage =>
  document({
    status: problem.status,
    title: problem.title,
    content: markup`<h1>${problem.title}</h1>
      <p>${problem.detail}</p>
      ${problem.refresh === true ? markup`<p class="busy soft" role="status">This page tries again by itself.</p>` : ""}
      <footer>Status ${problem.status} &middot; incident <code>${problem.incident}</code></footer>`,
    extra: retryHeader(problem),
    ...(problem.refresh === true ? { refresh: REFRESH_AFTER } : {}),
  });

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export const problemJson = (problem: Problem): OwnPage => ({
  status: problem.status,
  headers: [
    "Content-Type",
    "application/problem+json",
    "Content-Security-Policy",
    CLOSED_POLICY,
    ...OWN_HEADERS,
    ...retryHeader(problem),
  ],
  body: `${JSON.stringify({
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    incident: problem.incident,
  })}\n`,
});
