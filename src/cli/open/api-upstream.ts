import type { ServerConnection } from "../../api/index.ts";
import { backoff } from "../../base/backoff.ts";
import { isKnownError, KnownError, type ErrorCode } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";
import { userAgent } from "../../base/version.ts";
import {
  checkCertificate,
  dateFault,
  sameCertificate,
  type ClientCertificate,
  type Credential,
} from "../../credentials/index.ts";
import type { AuthorizeRequest, Upstream } from "../../proxy/index.ts";
import { readiness } from "./api-upstream-ready.ts";
import { credentialUpstream, type CredentialOptions } from "./upstream.ts";

export interface ApiUpstreamOptions extends Omit<CredentialOptions, "headersOf"> {
  readonly connection: ServerConnection;
}

/** Between two tries to reach the API server while somebody waits, at most. Milliseconds. */
const PAUSE_MOST = 1_500;

/** An API server that is away or starting; anything else no waiting mends. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "CONNECTION_TIMEOUT",
  "DNS_FAILED",
  "PROXY_UNREACHABLE",
  "TLS_FAILED",
]);

/** Straight to the API server, as the person: whatever their credential is, a client certificate too (issue D.2). */
export function apiUpstream(options: ApiUpstreamOptions): Upstream {
  const { connection, system, source, pin } = options;
  let trouble: KnownError | undefined;
  let shown: ClientCertificate | undefined;
  /** One more for each other certificate: a connection speaks for it. */
  let identity = 0;
  const peer = (): string => `${connection.server}#${identity}`;
  const server = readiness(connection, system);
  // Never empty: a 401 is news about a certificate too, and what is sent again has to be told from what was refused.
  const agent: RawHeaders = [["User-Agent", userAgent(system)]];
  const headersOf = (credential: Credential): RawHeaders => [...agent, ...connection.headers(credential)];
  const credentials = credentialUpstream({ ...options, headersOf });

  /** Its 401 would show the UI's login page, where nobody can sign in with a certificate. */
  const refusedCertificate = (): KnownError | undefined => {
    const credential = source.current();
    if (credential?.certificate === undefined || credential.header !== undefined) return undefined;
    return (
      dateFault(checkCertificate(credential.certificate), system.now()) ??
      new KnownError(
        "UNAUTHORIZED",
        "Cannot go on: the API server does not accept your client certificate (401 Unauthorized)",
      )
    );
  };

  return {
    ...credentials,
    authorize: async (request: AuthorizeRequest) => {
      const { rejected, doubtful, signal } = request;
      // What a starting server forbids says nothing of anybody's rights; other headers mean that it is asked again.
      if (rejected !== undefined && doubtful === true)
        return (await server.startedMeanwhile(signal)) ? [...rejected] : rejected;
      const headers = await credentials.authorize(request);
      const fault = rejected !== undefined && headers === rejected ? refusedCertificate() : undefined;
      if (fault !== undefined) throw fault;
      return headers;
    },
    dial: async ({ signal }) => {
      const waits = backoff(() => system.random(1).readUInt8() / 256);
      const pinned = async (): Promise<Credential> => {
        for (;;) {
          const credential = await source.get({ early: true, signal });
          // A certificate says who asks before any header does (security.md R-N4).
          if (await pin.check(credential, signal)) {
            if (!sameCertificate(shown, credential.certificate)) identity += 1;
            shown = credential.certificate;
            return credential;
          }
          await system.sleep(waits.next(), signal);
        }
      };
      for (;;)
        try {
          const stream = await connection.dial(pinned, signal);
          trouble = undefined;
          return { stream, peer: peer() };
        } catch (error) {
          if (signal.aborted || !isKnownError(error)) throw error;
          trouble = error;
          if (!PASSING.has(error.code)) throw error;
          await system.sleep(millis(Math.min(PAUSE_MOST, waits.next())), signal);
        }
    },
    peer,
    trouble: () => {
      const state = source.state();
      return state.kind === "failed" ? state.error : trouble;
    },
  };
}
