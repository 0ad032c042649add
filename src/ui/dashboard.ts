import * as zlib from "node:zlib";
import { flatValuesOf } from "../base/headers.ts";
import type { AnsweredHead, AskedRequest, SiteHooks } from "../proxy/index.ts";

const CSRF = "MSG_CSRF_VALIDATION_ERROR";
/** A text of an error; the body of a list may be large. */
const LOOK_MAX = 64 * 1024;

const header = ({ headers }: Pick<AnsweredHead, "headers">, name: string): string =>
  flatValuesOf(headers, name)[0] ?? "";

const isJson = (head: AnsweredHead): boolean => header(head, "content-type").includes("json");

const textOf = (head: AnsweredHead, body: Buffer): string => {
  const coding = header(head, "content-encoding").toLowerCase();
  if (coding === "") return body.toString("utf8");
  if (coding !== "gzip") return "";
  try {
    return zlib.gunzipSync(body, { maxOutputLength: LOOK_MAX }).toString("utf8");
  } catch {
    return "";
  }
};

/** A list that fails turns the whole page into one of an error, which stays through reloads (ui-traffic U9). */
const comesBack = ({ method, target }: AskedRequest): boolean =>
  method === "GET" && target.startsWith("/api/v1/");

/** Dashboard 7: its 401 counts, but for the one that asks for a CSRF token (ui-traffic U21). */
export const dashboardHooks: SiteHooks = {
  comesBack,
  refused: (asked, head) => {
    if (head.status !== 401) return "no";
    return asked.method === "POST" ? "look" : "yes";
  },
  refusedIn: (_asked, head, body) => !textOf(head, body).includes(CSRF),
};

/** Dashboard 2: a token that the API server rejects is a 200 with the error inside (ui-traffic U20). */
export const dashboard2Hooks: SiteHooks = {
  comesBack,
  refused: (asked, head) => {
    if (head.status === 401) return asked.method === "POST" ? "look" : "yes";
    const list = asked.method === "GET" && asked.target.startsWith("/api/v1/");
    return list && head.status === 200 && isJson(head) ? "look" : "no";
  },
  refusedIn: (_asked, head, body) => {
    const text = textOf(head, body);
    if (head.status === 401) return !text.includes(CSRF);
    return saysUnauthorized(text);
  },
};

const saysUnauthorized = (text: string): boolean => {
  // The parser is asked only where it may find something.
  if (!text.includes('"ErrStatus"')) return false;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return false;
  }
  const errors = field(parsed, "errors");
  return Array.isArray(errors) && errors.some((each) => field(field(each, "ErrStatus"), "code") === 401);
};

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
