import { CODES } from "../../base/codes.ts";
import type { Trouble } from "../trouble.ts";
import type { Problem } from "../types.ts";
import { CLOSED_POLICY, document, OWN_HEADERS, type OwnPage } from "./document.ts";
import type { MissingRight } from "../../base/errors.ts";
import { markup, type Markup } from "./markup.ts";
import { scriptLiteral } from "./script.ts";

/** Seconds until the page of a waiting navigation asks again; F3 wants recovery within 2 s of readiness. */
const REFRESH_AFTER = 2;

/** What no waiting mends: a person has to act. */
const FOR_A_PERSON: readonly Trouble[] = ["sign-in", "denied"];

/**
 * Asks for the page as a script does: that request is held until there is an answer, so that the page goes on at once,
 * and nobody's screen reader is started anew every two seconds. When it comes to need a person, or no longer does, the
 * page says so.
 */
const again = (trouble: Trouble | undefined): string => `
const known = ${scriptLiteral(trouble ?? null)};
const forPerson = ${scriptLiteral(FOR_A_PERSON)};
const troubleOf = async (answer) => {
  if (answer.headers.get("Content-Type") === "application/problem+json") return (await answer.json()).trouble;
  await answer.body?.cancel();
  return known;
};
const look = async () => {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "application/problem+json" }, cache: "no-store" });
    if (![502, 503, 504].includes(answer.status)) return location.reload();
    const trouble = await troubleOf(answer);
    if (trouble !== known && (forPerson.includes(trouble) || forPerson.includes(known))) return location.reload();
  } catch {}
  setTimeout(look, 2000);
};
setTimeout(look, 500);
`;

const retryHeader = (problem: Problem): readonly string[] =>
  problem.retryAfter === undefined ? [] : ["Retry-After", String(Math.max(0, Math.ceil(problem.retryAfter)))];

const rightText = ({ verb, resource, namespace }: MissingRight): Markup =>
  markup`<p>Missing: <code>${verb}</code> on <code>${resource}</code>${namespace === undefined ? "" : markup` in namespace <code>${namespace}</code>`}.
        An administrator of the cluster can grant it.</p>`;

/** The button itself is not here: the application's scripts could press it (security.md R-N6). */
const signInText = (start: string | undefined): Markup =>
  start === undefined
    ? markup`<p>Press <kbd>Enter</kbd> in the terminal where kauth runs. Nothing is tried before that.</p>`
    : markup`<p><a class="button" href="${start}">Go to kauth&rsquo;s own page</a></p>
        <p class="soft">You sign in again there, or with <kbd>Enter</kbd> in the terminal where kauth runs.</p>`;

/** Who has no token has none after a login either. */
const asksToSignIn = ({ trouble, code }: Problem): boolean =>
  trouble === "sign-in" && code !== "NO_BEARER_TOKEN";

export const problemPage = (problem: Problem): OwnPage =>
  document({
    status: problem.status,
    title: problem.title,
    content: markup`<h1>${problem.title}</h1>
      <p>${problem.detail}</p>
      ${problem.right === undefined ? "" : rightText(problem.right)}
      ${asksToSignIn(problem) ? signInText(problem.start) : ""}
      ${problem.code === undefined || problem.right !== undefined ? "" : markup`<p>${CODES[problem.code].means} ${CODES[problem.code].next}</p>`}
      ${problem.refresh === true ? markup`<p class="busy soft" role="status">This page goes on by itself.</p>` : ""}
      <footer>Status ${problem.status} ${problem.code === undefined ? "" : markup`&middot; <code>${problem.code}</code> `}&middot; incident <code>${problem.incident}</code>.
        The terminal where kauth runs says more.</footer>`,
    extra: retryHeader(problem),
    ...(problem.refresh === true ? { refresh: REFRESH_AFTER } : {}),
    ...(problem.nonce === undefined
      ? {}
      : { connect: "'self'", script: { nonce: problem.nonce, text: again(problem.trouble) } }),
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
    trouble: problem.trouble,
    right: problem.right,
    code: problem.code,
    next: problem.code === undefined ? undefined : CODES[problem.code].next,
    incident: problem.incident,
  })}\n`,
});
