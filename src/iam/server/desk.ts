import * as crypto from "node:crypto";
import { isKnownError, KnownError, type ErrorCode } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { between, millis, type Millis } from "../../base/units.ts";
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

export interface Whose {
  readonly identity: IamIdentity;
  /** `shared`: another question for the same token was on its way. */
  readonly source: Source;
}

/** Asks whose a token is. */
export interface Desk {
  /**
   * @throws {KnownError} IAM_STS_REFUSED: no. IAM_STS_FAILED, IAM_STS_THROTTLED, IAM_STS_LIMIT: not now
   */
  whose(token: string, judged: JudgedToken): Promise<Whose>;
}

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
  const refused = expiring<KnownError>(now, MEMORY);
  const known = expiring<IamIdentity>(now, MEMORY);
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
      known.set(key, identity, millis(Math.min(settings.verdictLife, VERDICT_MOST, left)));
      return identity;
    } catch (error) {
      if (isKnownError(error, "IAM_STS_REFUSED")) refused.set(key, error, REFUSAL_LIFE);
      throw error;
    } finally {
      running.delete(key);
    }
  };
  return {
    whose: async (token, judged) => {
      // The token itself is not kept.
      const key = crypto.createHash("sha256").update(token).digest("base64");
      const no = refused.get(key);
      if (no !== undefined) throw no;
      const identity = known.get(key);
      if (identity !== undefined) return { identity, source: "memory" };
      const other = running.get(key);
      if (other !== undefined) return { identity: await other, source: "shared" };
      const mine = asked(key, judged);
      running.set(key, mine);
      return { identity: await mine, source: "sts" };
    },
  };
}
