import * as crypto from "node:crypto";
import { isKnownError, KnownError, type ErrorCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { between, millis, type EpochMillis, type Millis } from "../../base/units.ts";
import { readIdentity, type IamIdentity, type StsAnswer } from "../verify/identity.ts";
import type { JudgedToken } from "../verify/judge.ts";
import type { StsRequest } from "../verify/sts-request.ts";
import { expiring } from "./expiring.ts";
import { tokenBucket } from "./rate.ts";

/** How much STS is asked, and what of it is remembered. */
export interface DeskSettings {
  readonly partition: string;
  /** Questions a second in the long run. */
  readonly stsQps: number;
  /** Questions at once. */
  readonly stsBurst: number;
  /** How long somebody's name is taken for good without asking; at most `VERDICT_MOST`. 0: STS is always asked. */
  readonly verdictLife: Millis;
}

export interface DeskParts {
  /** One question. @throws {KnownError} IAM_STS_FAILED */
  readonly ask: (request: StsRequest) => Promise<StsAnswer>;
  readonly system: Pick<System, "now" | "monotonic" | "sleep" | "random">;
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (host: string, status: number) => void;
}

export type Source = "sts" | "shared" | "memory";

/** What of a token may be remembered and logged: nothing that signs. */
export interface TokenFacts {
  /** Of STS. */
  readonly host: string;
  readonly accessKeyId: string;
  readonly expiresAt: EpochMillis;
}

/** `identity`, or the reason that there is none. */
export type Remembered = { readonly facts: TokenFacts } & (
  | { readonly identity: IamIdentity }
  | { readonly error: KnownError }
);

export interface Whose {
  readonly identity: IamIdentity;
  /** `shared`: another question for the same token was on its way. */
  readonly source: Source;
}

/** Asks whose a token is. Tokens are known by a digest here. */
export interface Desk {
  /** What STS said of it just now; undefined: it has to be judged and asked. */
  remembered(digest: string): Remembered | undefined;
  /**
   * @throws {KnownError} IAM_STS_REFUSED: no. IAM_STS_FAILED, IAM_STS_THROTTLED, IAM_STS_LIMIT: not now
   */
  whose(digest: string, judged: JudgedToken): Promise<Whose>;
}

export const tokenDigest = (token: string): string => crypto.hash("sha256", token, "base64");

export const factsOf = ({ request, accessKeyId, expiresAt }: JudgedToken): TokenFacts => ({
  host: request.host,
  accessKeyId,
  expiresAt,
});

/** security.md R-N13: a key that was taken back is refused soon. */
export const VERDICT_MOST = millis(10_000);
/** security.md R-L8. */
const REFUSAL_LIFE = millis(30_000);
/** Entries, of some hundred bytes each. */
const MEMORY = 10_000;
/** Between a question that failed and the next. Two of 10 s with it stay below the 30 s that an API server waits. */
const PAUSE = 400;
const PAUSE_MORE = 200;

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["IAM_STS_FAILED", "IAM_STS_THROTTLED"]);

/**
 * Whoever sends tokens is not known yet, so what they can make this server ask of AWS is bounded: one question for one
 * token at a time, none again for one that was refused just now, and so many a second for all.
 */
export function createDesk(settings: DeskSettings, { ask, system, onAnswer }: DeskParts): Desk {
  const now = (): Millis => system.monotonic();
  const take = tokenBucket(now, { perSecond: settings.stsQps, burst: settings.stsBurst });
  const refused = expiring<Remembered>(now, MEMORY);
  const known = expiring<Remembered>(now, MEMORY);
  const running = new Map<string, Promise<IamIdentity>>();

  const once = async ({ request, accessKeyId }: JudgedToken): Promise<IamIdentity> => {
    if (!take())
      throw new KnownError(
        "IAM_STS_LIMIT",
        `sts getCallerIdentity was not asked: this server asks ${settings.stsQps} times a second at most`,
      );
    const answer = await ask(request);
    onAnswer?.(request.host, answer.status);
    return readIdentity(answer, { partition: settings.partition, accessKeyId, host: request.host });
  };
  const twice = async (judged: JudgedToken): Promise<IamIdentity> => {
    try {
      return await once(judged);
    } catch (error) {
      if (!isKnownError(error) || !RETRYABLE.has(error.code)) throw error;
      await system.sleep(millis(PAUSE + ((system.random(1)[0] ?? 0) / 255) * PAUSE_MORE));
      return await once(judged);
    }
  };
  const asked = async (key: string, judged: JudgedToken): Promise<IamIdentity> => {
    try {
      const identity = await twice(judged);
      const left = between(system.now(), judged.expiresAt);
      known.set(
        key,
        { facts: factsOf(judged), identity },
        millis(Math.min(settings.verdictLife, VERDICT_MOST, left)),
      );
      return identity;
    } catch (error) {
      if (isKnownError(error, "IAM_STS_REFUSED"))
        refused.set(key, { facts: factsOf(judged), error }, REFUSAL_LIFE);
      throw error;
    } finally {
      running.delete(key);
    }
  };
  return {
    remembered: (digest) => {
      const found = refused.get(digest) ?? known.get(digest);
      // The clock by which tokens end can jump, the one by which memory ends does not.
      return found !== undefined && system.now() < found.facts.expiresAt ? found : undefined;
    },
    whose: async (digest, judged) => {
      const other = running.get(digest);
      if (other !== undefined) return { identity: await other, source: "shared" };
      const mine = asked(digest, judged);
      running.set(digest, mine);
      return { identity: await mine, source: "sts" };
    },
  };
}
