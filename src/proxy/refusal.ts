import { METHODS, type RefusalReason } from "./guard.ts";
import { plain, type OwnPage } from "./pages/document.ts";

/** Fixed texts: a refusal says what is wrong in general and repeats nothing of what was sent. */
const TEXTS: Readonly<Record<RefusalReason, string>> = {
  version: "kauth: only HTTP/1.1 is spoken here.",
  method: "kauth: this method is not allowed.",
  target: "kauth: the request target is not a plain path.",
  count: "kauth: too many headers.",
  name: "kauth: a header name is not allowed.",
  duplicate: "kauth: a header that may stand only once came twice.",
  connection: "kauth: the Connection header names a protected header.",
  expect: "kauth: this expectation is not met.",
  coding: "kauth: this transfer coding is not supported.",
  framing: "kauth: the length of the body is not clear.",
  host: "kauth: this is not a name of this server.",
  site: "kauth: the request comes from another site.",
  origin: "kauth: the request does not come from this origin.",
  upgrade: "kauth: this upgrade is not allowed.",
  cookie: "kauth: the session cookie came twice.",
  preflight: "kauth: no session, no preflight.",
  session: "kauth: no session. Open the launch link from the terminal, or send X-Kauth-Token.",
  reserved: "kauth: there is nothing at this path.",
};

/** The answer to a refused request, but for navigations without a session, which get a page. */
export const refusalPage = (status: number, reason: RefusalReason): OwnPage =>
  plain(status, TEXTS[reason], reason === "method" ? ["Allow", [...METHODS].join(", ")] : []);

/** What the parser itself has refused. `undefined`: not worth an answer. */
export const parserRefusal = (code: string | undefined): OwnPage | undefined => {
  if (code === "ECONNRESET" || code === "EPIPE") return undefined;
  if (code === "HPE_HEADER_OVERFLOW") return refusalPage(431, "count");
  if (code === "HPE_INVALID_METHOD") return refusalPage(405, "method");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return plain(408, "kauth: the request did not arrive in time.");
  return plain(400, "kauth: this is not a request that can be understood.");
};
