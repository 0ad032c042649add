import { KnownError } from "../../base/errors.ts";
import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { readToken, type Reading } from "./reading.ts";
import { LIFE, REFERENCE_RULES, type Rule, type RuleSettings } from "./rules.ts";
import { STRICT_RULES } from "./strict-rules.ts";
import { stsRequest, type StsRequest } from "./sts-request.ts";

/** In this order; the first that is broken is the reason. */
export const RULES: readonly Rule[] = [...REFERENCE_RULES, ...STRICT_RULES];

/** A token of which everything is right that can be seen without asking STS. Whether it is signed only STS knows. */
export interface JudgedToken {
  readonly request: StsRequest;
  readonly accessKeyId: string;
  /** From here on STS refuses it. */
  readonly expiresAt: EpochMillis;
}

/** In front of every text, as the reference has it. */
const REFUSED = "input token was not properly formatted: ";

export interface BrokenRule {
  readonly rule: string;
  /** The reference's whole sentence where it has one. No signature or session token stands in it. */
  readonly text: string;
}

/** What is right or the first thing that is wrong, without throwing. */
export const judge = (token: string, settings: RuleSettings): JudgedToken | BrokenRule => {
  const reading = readToken(token);
  for (const { id, applies, fault } of RULES) {
    // Behind rules that hold everything can be looked at; if not, no is the answer.
    const text = applies(reading) ? fault(reading, settings) : "it cannot be read";
    if (text !== undefined) return { rule: id, text: `${REFUSED}${text}` };
  }
  return judged(reading);
};

export const isBroken = (verdict: JudgedToken | BrokenRule): verdict is BrokenRule => "rule" in verdict;

const judged = (reading: Reading): JudgedToken => {
  const { url, date, fields, parameters } = reading;
  if (typeof url !== "object" || typeof date !== "number" || parameters === undefined)
    throw new TypeError("a token that was not read passed every rule");
  return {
    request: stsRequest(url.host, parameters),
    accessKeyId: (fields.get("x-amz-credential") ?? "").split("/", 1)[0] ?? "",
    expiresAt: epochMillis(date + LIFE),
  };
};

/** @throws {KnownError} IAM_TOKEN_REFUSED */
export const judgeToken = (token: string, settings: RuleSettings): JudgedToken => {
  const verdict = judge(token, settings);
  if (isBroken(verdict)) throw new KnownError("IAM_TOKEN_REFUSED", verdict.text);
  return verdict;
};
