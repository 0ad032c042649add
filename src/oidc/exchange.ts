import { secretsOf, withoutEcho } from "../base/echo.ts";
import { KnownError } from "../base/errors.ts";
import { only, pairs, type RawHeaders } from "../base/headers.ts";
import { httpUrl } from "../base/http-url.ts";
import { sendHttp, type HttpAnswer } from "../base/http.ts";
import { quoted } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import { isDate, MiB, millis, type Millis } from "../base/units.ts";
import type { Reach } from "./types.ts";

/** security.md R-J5. */
const LIMIT = MiB(1);
const TIMEOUT = millis(10_000);

export interface Exchange {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers?: RawHeaders;
  readonly body?: string;
}

/** The way to one provider: every request to it goes through here. */
export interface Wire {
  readonly reach: Reach;
  /** A redirect is never followed. @throws {KnownError} the network's; the signal's reason */
  send(exchange: Exchange, signal?: AbortSignal): Promise<HttpAnswer>;
  /** What the provider's clock is ahead of ours by; undefined until a `Date` was seen. */
  skew(): Millis | undefined;
}

export const openWire = (reach: Reach, system: System): Wire => {
  let skew: Millis | undefined;
  return {
    reach,
    skew: () => skew,
    send: async ({ method, url, headers = [], body }, signal) => {
      const began = system.now();
      const answer = await sendHttp(
        {
          method,
          url,
          headers: withWishes(headers, reach.headers ?? []),
          timeout: reach.timeout ?? TIMEOUT,
          limit: LIMIT,
          ...(body === undefined ? {} : { body }),
          ...(reach.ca === undefined ? {} : { moreCa: reach.ca }),
          trustHint:
            reach.ca === undefined
              ? "Name the authority that issued the provider's certificate: --certificate-authority FILE; do not switch the check off."
              : "Neither this system's authorities nor those that were named issued it: name the right one with --certificate-authority.",
          ...(reach.verify === undefined ? {} : { verify: reach.verify }),
          ...(signal === undefined ? {} : { signal }),
        },
        system,
      );
      skew = skewOf(answer.headers, began, system.now()) ?? skew;
      return answer;
    },
  };
};

/** What the person wishes stands in place of what we would say, as Go's `Header.Set` has it. */
const withWishes = (headers: RawHeaders, wishes: RawHeaders): RawHeaders => {
  const named = new Set(wishes.map(([name]) => name.toLowerCase()));
  return [...headers.filter(([name]) => !named.has(name.toLowerCase())), ...wishes];
};

/**
 * A `Date` has whole seconds (RFC 9110 §5.6.7) and was written while we waited. Clocks that agree within that are taken
 * to agree.
 */
export const skewOf = (headers: RawHeaders, began: number, ended: number): Millis | undefined => {
  const said = only(headers, "date");
  const at = said === undefined ? Number.NaN : Date.parse(said);
  if (Number.isNaN(at) || !isDate(at)) return undefined;
  if (at + 999 < began) return millis(at + 999 - began);
  return millis(Math.max(0, at - ended));
};

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * An address that secrets may be sent to: https, or http on this machine (security.md R-J5).
 * @throws {KnownError} OIDC_PROVIDER_INVALID
 */
export const safeUrl = (text: string, what: string, reach: Reach): URL => {
  const url = httpUrl(text);
  if (url === undefined)
    throw new KnownError("OIDC_PROVIDER_INVALID", `Cannot use ${what} ${quoted(text)}: it is no https URL`);
  if (url.username !== "" || url.password !== "")
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use ${what} of ${url.host}: it holds a user name or a password`,
    );
  if (url.protocol === "http:" && reach.allowHttp !== true && !LOOPBACK.test(url.hostname))
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot use ${what} ${quoted(text)}: http shows tokens to everybody on the way`,
      { hint: "Use the https address of the provider." },
    );
  return url;
};

/** What libraries take for `fetch`, over a wire. */
export const wireFetch =
  (wire: Wire) =>
  async (
    url: string,
    options: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Response> => {
    const { method, body } = options;
    const answer = await wire.send(
      {
        method: method === "POST" ? "POST" : "GET",
        url: new URL(url),
        headers: pairs(Object.entries(options.headers).flat()),
        ...(body instanceof URLSearchParams || typeof body === "string" ? { body: body.toString() } : {}),
      },
      options.signal,
    );
    const empty = answer.status === 204 || answer.status === 205 || answer.status === 304;
    // What refuses may repeat what it was asked, and a message quotes it. Good answers are read, not quoted.
    const text =
      answer.status >= 200 && answer.status < 300
        ? answer.body
        : withoutEcho(answer.body, sentSecrets(body, options.headers));
    return new Response(empty ? null : text, {
      status: answer.status,
      headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
    });
  };

const sentSecrets = (body: unknown, headers: Readonly<Record<string, string>>): readonly string[] => {
  const form = body instanceof URLSearchParams ? secretsOf(Object.fromEntries(body)) : [];
  const [, basic = ""] = /^Basic (.*)$/i.exec(new Headers(headers).get("authorization") ?? "") ?? [];
  // Both halves are written as in a form (RFC 6749 §2.3.1).
  const half = Buffer.from(basic, "base64").toString("utf8").split(":")[1] ?? "";
  return [...form, half, new URLSearchParams(`a=${half}`).get("a") ?? ""];
};
