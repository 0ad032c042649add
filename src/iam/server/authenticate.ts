import { isKnownError, type KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { MappedUser, Mapper } from "../mapping/mapper.ts";
import type { Partition } from "../partitions.ts";
import { signingRegion } from "../verify/host.ts";
import type { IamIdentity } from "../verify/identity.ts";
import { judgeToken } from "../verify/judge.ts";
import { factsOf, tokenDigest, type Desk, type Source, type TokenFacts } from "./desk.ts";
import type { ReviewUser, TokenReview } from "./review.ts";

export interface AuthenticateParts {
  readonly partition: Partition;
  /** The administrator's own, see `HostSettings`. */
  readonly region: string | undefined;
  readonly desk: Desk;
  readonly mapper: Mapper;
  /** Accounts whose people's ARNs and ids go into no log and no user. */
  readonly scrubbed: ReadonlySet<string>;
  readonly system: Pick<System, "now">;
}

/** What became of a question, and all that may be logged of it: never the token. */
export interface Outcome {
  readonly verdict: Verdict;
  /** Undefined where nothing of the token can be relied on. */
  readonly facts: TokenFacts | undefined;
  readonly identity: IamIdentity | undefined;
  readonly source: Source | undefined;
  /** Of the identity: nothing of it but the user may be logged. */
  readonly scrubbed: boolean;
}

export type Verdict =
  | { readonly kind: "granted"; readonly user: ReviewUser; readonly mapped: MappedUser }
  /** `denied`: no. `later`: nobody can tell now, asking again makes sense. */
  | { readonly kind: "denied" | "later"; readonly error: KnownError };

const LATER: ReadonlySet<string> = new Set([
  "IAM_STS_FAILED",
  "IAM_STS_THROTTLED",
  "IAM_STS_LIMIT",
  "IAM_INSTANCE_FAILED",
  "IAM_MAPPING_UNREAD",
]);

/** Judge, ask, map. @throws what is no KnownError: a fault of our own */
export async function authenticate(review: TokenReview, parts: AuthenticateParts): Promise<Outcome> {
  const { partition, region, desk, mapper, system } = parts;
  let facts: TokenFacts | undefined;
  let identity: IamIdentity | undefined;
  let source: Source | undefined;
  const outcome = (verdict: Verdict): Outcome => ({
    verdict,
    facts,
    identity,
    source,
    scrubbed: identity !== undefined && parts.scrubbed.has(identity.account),
  });
  try {
    const token = review.token.reveal();
    const digest = tokenDigest(token);
    // What STS has spoken of was judged before.
    const known = desk.remembered(digest);
    if (known === undefined) {
      const judged = judgeToken(token, { partition, region, now: system.now() });
      facts = factsOf(judged);
      ({ identity, source } = await desk.whose(digest, judged));
    } else {
      ({ facts } = known);
      if ("error" in known) throw known.error;
      ({ identity } = known);
      source = "memory";
    }
    const mapped = await mapper(identity);
    const user = reviewUser(identity, mapped, parts.scrubbed.has(identity.account));
    return outcome({ kind: "granted", user, mapped });
  } catch (error) {
    if (!isKnownError(error)) throw error;
    return outcome({ kind: LATER.has(error.code) ? "later" : "denied", error });
  }
}

/** iam.md §2.6: what audit logs and rules of `userextras/…` look at. */
const reviewUser = (identity: IamIdentity, mapped: MappedUser, scrubbed: boolean): ReviewUser => {
  const { username, groups } = mapped;
  if (scrubbed)
    return { username, uid: `aws-iam-authenticator:administrative:${username}`, groups, extra: {} };
  const { account, userId, arn, canonicalArn, sessionName, accessKeyId } = identity;
  return {
    username,
    uid: `aws-iam-authenticator:${account}:${userId}`,
    groups,
    extra: {
      arn: [arn],
      canonicalArn: [canonicalArn],
      sessionName: [sessionName],
      accessKeyId: [accessKeyId],
      principalId: [userId],
      "sigs.k8s.io/aws-iam-authenticator/principalId": [userId],
    },
  };
};

/** What the reference calls the region of a host, in metrics. */
export const stsRegion = (host: string): string =>
  host === "sts.amazonaws.com" ? "global" : signingRegion(host);
