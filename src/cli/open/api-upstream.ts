import type { ServerConnection } from "../../api/index.ts";
import { backoff } from "../../base/backoff.ts";
import { isKnownError, type ErrorCode, type KnownError } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import { sameCertificate, type ClientCertificate, type Credential } from "../../credentials/index.ts";
import type { Upstream } from "../../proxy/index.ts";
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
  return {
    ...credentialUpstream({ ...options, headersOf: (credential) => connection.headers(credential) }),
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
