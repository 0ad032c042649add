import { object, parseJson, string } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import { canonicalArn, parseArn } from "../arn.ts";
import { quote, shown } from "./quote.ts";

/** Who made a token, as STS says. */
export interface IamIdentity {
  readonly arn: string;
  readonly canonicalArn: string;
  readonly account: string;
  /** Of a role: its own, without the session's name. */
  readonly userId: string;
  /** Empty for whoever is no role. */
  readonly sessionName: string;
  readonly accessKeyId: string;
}

export interface StsAnswer {
  readonly status: number;
  readonly body: string;
}

export interface IdentitySettings {
  /** ARNs of another one are refused. */
  readonly partition: string;
  /** Of the token. */
  readonly accessKeyId: string;
  /** For messages. */
  readonly host: string;
}

const ANSWER = object({
  GetCallerIdentityResponse: object({
    GetCallerIdentityResult: object({ Account: string, Arn: string, UserId: string }),
  }),
});
/**
 * The error's code only. The reference looks for the word anywhere; messages repeat what the token says, and whoever
 * wrote the word there would be asked about again and again (security.md R-L8).
 */
const THROTTLED = /^\s*Throttling|(?<!\\)"Code"\s*:\s*"Throttling|<Code>\s*Throttling/;
/** In front of every text, as the reference has it. */
const FAILED = "sts getCallerIdentity failed: ";
/** A name that comes twice may be read differently by two readers. */
const ONCE = ["Account", "Arn", "UserId", "GetCallerIdentityResponse", "GetCallerIdentityResult"] as const;

/**
 * What STS answered, judged (security.md R-L6). The texts are the reference's where it has one.
 * @throws {KnownError} IAM_STS_THROTTLED and IAM_STS_FAILED, after which asking again makes sense; IAM_STS_REFUSED
 */
export const readIdentity = ({ status, body }: StsAnswer, settings: IdentitySettings): IamIdentity => {
  const { host, partition, accessKeyId } = settings;
  if (status !== 200) {
    if (status === 429 || THROTTLED.test(body))
      throw new KnownError("IAM_STS_THROTTLED", `sts getCallerIdentity was throttled: ${shown(body)}`);
    throw new KnownError(
      status >= 500 ? "IAM_STS_FAILED" : "IAM_STS_REFUSED",
      `${FAILED}error from AWS (expected 200, got ${status}) on ${host} endpoint. Body: ${shown(body)}`,
    );
  }
  const failed = (text: string): KnownError => new KnownError("IAM_STS_FAILED", `${FAILED}${text}`);
  const { Account: account, Arn: arn, UserId: id } = decodeAnswer(body, failed);
  const canonical = canonicalArn(arn);
  if ("fault" in canonical) throw failed(shown(canonical.fault));
  const parts = parseArn(arn);
  if (typeof parts === "string" || parts.partition !== partition)
    throw failed(`arn ${quote(arn)} is not of partition ${partition}`);
  if (!/^\d{12}$/.test(account) || parts.account !== account)
    throw failed(`account ${quote(account)} is not the account of arn ${quote(arn)}`);
  const kind = parts.resource.split("/", 1)[0] ?? "";
  const common = { arn, canonicalArn: canonical.arn, account, accessKeyId };
  if (kind !== "role" && kind !== "assumed-role") {
    if (!/^[\w:+=,.@-]{1,200}$/.test(id)) throw failed(`malformed UserID ${quote(id)}`);
    return { ...common, userId: id, sessionName: "" };
  }
  const [, userId, sessionName] = /^(\w{1,128}):([\w+=,.@-]{1,64})$/.exec(id) ?? [];
  if (userId === undefined || sessionName === undefined) throw failed(`malformed UserID ${quote(id)}`);
  return { ...common, userId, sessionName };
};

const decodeAnswer = (
  body: string,
  failed: (text: string) => KnownError,
): { readonly Account: string; readonly Arn: string; readonly UserId: string } => {
  let decoded: ReturnType<typeof ANSWER>;
  try {
    decoded = ANSWER(parseJson(body), "");
  } catch (error) {
    throw failed(`its answer cannot be read: ${shown(messageOf(error))}`);
  }
  for (const name of ONCE)
    if (body.split(`"${name}"`).length !== 2) throw failed(`its answer has "${name}" more than once`);
  // An escape could hide a name.
  if (body.includes("\\u")) throw failed("its answer has escaped characters");
  return decoded.GetCallerIdentityResponse.GetCallerIdentityResult;
};
