import type { Parameter } from "./go-url.ts";

/** What is sent to STS. Nothing of it is the client's text: it is written anew from fields that were judged. */
export interface StsRequest {
  readonly host: string;
  /** Path and query. A signature and perhaps a session token stand in it: never to be logged. */
  readonly target: string;
}

/** RFC 3986's unreserved characters stay; SigV4 wants all others escaped, with capitals. */
const escape = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Names keep their spelling, as they are signed. A caller gives a host of `hostFault` and ASCII values only.
 * Sending the client's URL on as it stands is what CVE-2020-16250 and CVE-2022-2385 had in common.
 */
export const stsRequest = (host: string, parameters: readonly Parameter[]): StsRequest => ({
  host,
  target: `/?${parameters.map(({ name, value }) => `${escape(name)}=${escape(value)}`).join("&")}`,
});
