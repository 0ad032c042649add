import { STATUS_CODES } from "node:http";
import type { UiAnswer } from "./ask-ui.ts";
import type { Note } from "./finding.ts";

/** `401 Unauthorized`, `302 Found to /login`. */
export const answerText = ({ status, location }: UiAnswer): string => {
  const words = STATUS_CODES[status];
  const where = location === undefined ? "" : ` to ${whereTo(location)}`;
  return `${status}${words === undefined ? "" : ` ${words}`}${where}`;
};

/** A query can hold what is secret. */
const whereTo = (location: string): string => location.replace(/[?#].*$/, "").slice(0, 200);

const is = (status: number, hundred: number): boolean => Math.floor(status / 100) === hundred;

/** What it means that a UI answers so to somebody whom it does not know. */
export const strangerNote = (answer: UiAnswer): Note => {
  const text = answerText(answer);
  const { status } = answer;
  if (status === 401 || status === 403) return { state: "ok", found: `${text}: it asks who you are` };
  if (is(status, 2)) return { state: "ok", found: `${text}: this page is open to everybody` };
  if (is(status, 3)) return { state: "ok", found: `${text}: it sends you elsewhere, as to a login` };
  if (status === 404) return { state: "warning", found: `${text}: there is no such page`, next: PAGE };
  if (is(status, 5)) return { state: "bad", found: `${text}: it is failing`, next: LOG };
  return { state: "warning", found: `${text}: it does not take the request`, next: PAGE };
};

/** What it means that it answers so to the person, in the light of how it answers a stranger. */
export const personNote = (answer: UiAnswer, stranger: UiAnswer): Note => {
  const text = answerText(answer);
  const { status } = answer;
  if (status === 401)
    return {
      state: "bad",
      found: `${text}: it does not take your token`,
      next: "Look at the token's audience and end above, and at whether this UI signs in with an Authorization header at all",
    };
  if (status === 403)
    return {
      state: "warning",
      found: `${text}: it knows who you are, and you may not see this`,
      next: "Ask for the rights that the page needs",
    };
  const same = status === stranger.status && answer.location === stranger.location;
  if (is(status, 2))
    return same
      ? { state: "ok", found: `${text}, as without the token: this page does not tell whether it was taken` }
      : { state: "ok", found: `${text}: you are signed in` };
  if (is(status, 3))
    return same
      ? {
          state: "warning",
          found: `${text}, as without the token: it may not look at it`,
          next: "Name a page behind the login: kauth doctor http://NAME.NAMESPACE.svc/PATH",
        }
      : { state: "ok", found: `${text}: it treats you otherwise than a stranger` };
  if (status === 404) return { state: "warning", found: `${text}: there is no such page`, next: PAGE };
  if (is(status, 5)) return { state: "bad", found: `${text}: it is failing`, next: LOG };
  return { state: "warning", found: `${text}: it does not take the request`, next: PAGE };
};

const PAGE = "Name another page: kauth doctor http://NAME.NAMESPACE.svc/PATH";
const LOG = "Look at the pod's log";
