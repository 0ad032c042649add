import type { EpochMillis, Millis } from "../../base/units.ts";
import type { Outcome } from "./authenticate.ts";

/**
 * One line of the audit log: who was let in as whom, or why not. What is not known of somebody is missing. The token is
 * in none, and of an account that is scrubbed neither ARN nor ids are.
 */
export interface AuditLine {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly event: "granted" | "denied" | "later";
  /** Of a refusal: an error of docs/errors.md, and its words. */
  readonly code?: string;
  readonly reason?: string;
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  /** Which backend says so, and where it is written there. Missing at `mapAccounts`. */
  readonly backend?: string;
  readonly entry?: string;
  readonly arn?: string;
  readonly canonicalArn?: string;
  readonly accountId?: string;
  readonly userId?: string;
  readonly session?: string;
  /** As the token says it: no proof of anything where `event` is not `granted`. */
  readonly accessKeyId?: string;
  readonly stsEndpoint?: string;
  /** How the identity was come by. */
  readonly source?: "sts" | "shared" | "memory";
  /** Of the API server. */
  readonly client: string;
  readonly milliseconds: number;
}

/** @param client address and port of who asked */
export const auditLine = (
  { verdict, facts, identity, source, scrubbed }: Outcome,
  { now, client, took }: { readonly now: EpochMillis; readonly client: string; readonly took: Millis },
): AuditLine => ({
  time: new Date(now).toISOString(),
  event: verdict.kind,
  ...(verdict.kind === "granted"
    ? {
        username: verdict.user.username,
        uid: verdict.user.uid,
        groups: verdict.user.groups,
        backend: verdict.mapped.backend,
        ...(verdict.mapped.entry === undefined ? {} : { entry: verdict.mapped.entry.origin }),
      }
    : {
        code: verdict.error.code,
        // A message may name the ARN.
        ...(scrubbed ? {} : { reason: verdict.error.message }),
      }),
  ...(identity === undefined || scrubbed
    ? {}
    : {
        arn: identity.arn,
        canonicalArn: identity.canonicalArn,
        accountId: identity.account,
        userId: identity.userId,
        ...(identity.sessionName === "" ? {} : { session: identity.sessionName }),
      }),
  ...(facts === undefined
    ? {}
    : { stsEndpoint: facts.host, ...(scrubbed ? {} : { accessKeyId: facts.accessKeyId }) }),
  ...(source === undefined ? {} : { source }),
  client,
  milliseconds: Math.round(took),
});
