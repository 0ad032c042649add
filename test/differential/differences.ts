import type { Difference, Facet } from "./row.ts";

/** A difference on purpose that shows in the error's first line only. */
const inMessage =
  (entry: string) =>
  (message: RegExp | string): Difference => ({ entry, facets: ["message"], kauth: { message } });

const inFacets =
  (entry: string) =>
  (kauth: Partial<Record<Facet, unknown>>): Difference => ({
    entry,
    facets: Object.keys(kauth) as Facet[],
    kauth,
  });

/** Each is a heading of `docs/differences.md`. */
export const parserWords = inMessage("What a parser says");
export const internals = inMessage("Internals of client-go");
export const networkFault = inMessage("Faults of the network");
export const refusedByServer = inMessage("What the API server refuses");
export const maskedPassword = inMessage("Passwords in messages");
export const badToken = inMessage("Tokens that no header can carry");
export const badPair = inMessage("Client certificates that cannot be used");
export const controlCharacter = inMessage("Control characters in names");
export const signalled = inMessage("A plugin that a signal ended");
export const unresolved = inMessage("Why a path cannot be resolved");

export const unverified: Difference = inFacets("A server that is not verified")({
  said: [/^The certificate of \S+ is not verified \(insecure-skip-tls-verify\)$/],
});

export const overHttp: Difference = inFacets("A server over plain http")({
  said: [
    /^Nothing that identifies you is sent to http:\/\/\S+: credentials go over https only\. Whoever is seen there is not you$/,
  ],
});

/** kubectl would talk to whatever listens on port 8080 of this machine. */
export const noLocalhost = (message: RegExp | string): Difference =>
  inMessage("No API server on localhost:8080")(message);
export const NOTHING_CONFIGURED = noLocalhost(
  "no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
);

/** kubectl asks on standard input, which ends at once. */
export const noQuestion = (identity: readonly string[] = []): Difference =>
  inFacets("No question for a user name")({
    done: true,
    message: "",
    requests: [{ identity }],
  });

export const differs = (entry: string, kauth: Partial<Record<Facet, unknown>>): Difference =>
  inFacets(entry)(kauth);
