import { DecodeError, object, optional, parseJson, string } from "../../base/decode.ts";
import type { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis, isDate } from "../../base/units.ts";
import type { AwsKeys } from "./plan.ts";

/** How one source writes it. */
export interface KeyDocument {
  /** Agents and machines write `Token`, processes `SessionToken`. */
  readonly session: "Token" | "SessionToken";
  /** Whether there are keys without one. */
  readonly sessionOptional: boolean;
  /** The source's complaint for what is wrong with it. */
  readonly fail: (reason: string) => KnownError;
}

/** The JSON in which agents of containers, machines and processes give keys. @throws what `fail` makes */
export function readKeyDocument(
  text: string,
  { session, sessionOptional, fail }: KeyDocument,
  check: (document: unknown) => void = () => undefined,
): AwsKeys {
  const shape = object({
    AccessKeyId: string,
    SecretAccessKey: string,
    [session]: sessionOptional ? optional(string) : string,
    Expiration: optional(string),
  });
  let given: ReturnType<typeof shape>;
  try {
    const document = parseJson(text);
    check(document);
    given = shape(document, "");
  } catch (error) {
    if (error instanceof DecodeError) throw fail(`is wrong: ${error.message}`);
    // The parser's own message would quote what was answered, and with it keys.
    if (error instanceof SyntaxError) throw fail("is no JSON");
    throw error;
  }
  const { AccessKeyId: id, SecretAccessKey: secret, Expiration: until } = given;
  const token = given[session];
  const end = until === undefined ? undefined : Date.parse(until);
  if (end !== undefined && !isDate(end)) throw fail("is wrong: Expiration is no time");
  if (id === undefined || id === "" || secret === undefined || secret === "") throw fail("has no keys");
  return {
    keys: {
      accessKeyId: id,
      secretAccessKey: new Secret(secret),
      sessionToken: token === undefined || token === "" ? undefined : new Secret(token),
    },
    expiresAt: end === undefined ? undefined : epochMillis(end),
  };
}
