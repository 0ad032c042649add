import { Secret } from "../base/secret.ts";
import type { Authorization } from "./authorization.ts";

/** What a person has copied of the answer of a sign-in, or what is wrong with it. */
export type Pasted = { readonly parameters: URLSearchParams } | { readonly fault: string };

/** A code has no spaces and no limit that anybody names; this is no code any more. */
const CODE = /^[\x21-\x7e]{1,4096}$/;

/**
 * Reads a whole redirect URL, whose `state` has to be ours, or a bare code. A code has no `state`, and no `iss`: where the
 * provider promises one (RFC 9207) the whole address is needed.
 */
export const readPasted = (
  text: string,
  { state, redirectUri }: Authorization,
  { issuerInAnswers }: { readonly issuerInAnswers: boolean },
): Pasted => {
  const line = text.trim();
  if (line === "") return { fault: "Nothing was pasted" };
  const parameters = parametersOf(line, redirectUri);
  if (parameters === undefined) {
    if (!CODE.test(line) || line.includes("://"))
      return { fault: "That is neither the address that the browser ended at nor a code" };
    if (issuerInAnswers)
      return { fault: "This provider says in the address who it is: paste the whole address, not the code" };
    return { parameters: new URLSearchParams({ code: line, state: state.reveal() }) };
  }
  for (const name of ["state", "code", "error", "iss"])
    if (parameters.getAll(name).length > 1) return { fault: `That address says ${name} twice` };
  if (!parameters.has("code") && !parameters.has("error"))
    return { fault: "That address holds no code: paste the one that the browser ended at" };
  if (!state.equals(new Secret(parameters.get("state") ?? "")))
    return { fault: "That address is the answer to another sign-in" };
  return { parameters };
};

const parametersOf = (line: string, redirectUri: string): URLSearchParams | undefined => {
  if (line.startsWith("?")) return new URLSearchParams(line);
  const wanted = new URL(redirectUri);
  try {
    const url = new URL(line);
    return url.origin === wanted.origin && url.pathname === wanted.pathname ? url.searchParams : undefined;
  } catch {
    return undefined;
  }
};
