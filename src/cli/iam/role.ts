import { KnownError } from "../../base/errors.ts";
import { seconds, type Seconds } from "../../base/units.ts";
import type { RoleWish } from "../../iam/token/index.ts";
import type { ParsedOptions } from "../command.ts";

/** STS's own bounds; a role may allow less. */
const SHORTEST = 900;
const LONGEST = 43_200;

/** The role that a command line names, with what else it says of it; undefined where it names none. @throws {KnownError} USAGE */
export function roleOf(
  given: Pick<RoleWish, "externalId" | "sessionName"> & { readonly arn: string | undefined },
  options: ParsedOptions,
): RoleWish | undefined {
  const text = (name: string): string | undefined => options.string(name) || undefined;
  const wish = {
    mfaSerial: text("mfa-serial"),
    duration: durationOf(text("duration")),
    tags: options.list("session-tag").map(tagOf),
    transitiveTags: options.list("transitive-tag"),
    sourceIdentity: text("source-identity"),
  };
  const { arn } = given;
  return arn === undefined || arn === "" ? undefined : { ...given, arn, ...wish };
}

const durationOf = (text: string | undefined): Seconds | undefined => {
  if (text === undefined) return undefined;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < SHORTEST || value > LONGEST)
    throw new KnownError(
      "USAGE",
      `Cannot use --duration=${JSON.stringify(text)}: it must be ${SHORTEST} to ${LONGEST} seconds`,
    );
  return seconds(value);
};

const tagOf = (text: string): readonly [key: string, value: string] => {
  const at = text.indexOf("=");
  if (at < 1)
    throw new KnownError("USAGE", `Cannot use --session-tag=${JSON.stringify(text)}: it must be KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
};
