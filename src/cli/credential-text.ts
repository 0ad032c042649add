import { isKnownError, KnownError } from "../base/errors.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";
import { checkCertificate, type Credential, type CredentialSource } from "../credentials/index.ts";
import { endOf } from "./identity.ts";

/** What the credential is and what gives it, e.g. `credential plugin "aws"`. */
export const originText = ({ method, description }: CredentialSource): string => {
  if (method === "token") return "a bearer token";
  return method === "none" ? "nothing" : description;
};

/** When the first part of a credential ends, by all that it says. @throws {KnownError} CLIENT_CONFIG_INVALID */
export const earliestEnd = (credential: Credential): EpochMillis | undefined => {
  const { certificate } = credential;
  const ends = [
    endOf(credential),
    certificate === undefined ? undefined : checkCertificate(certificate).notAfter,
  ].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : epochMillis(Math.min(...ends));
};

/** A 401 to a credential that has ended, or to none, says so; every other error stays as it is. */
export const withEnd = (error: unknown, credential: Credential | undefined, now: EpochMillis): unknown => {
  if (!isKnownError(error, "UNAUTHORIZED")) return error;
  if (credential !== undefined && credential.header === undefined && credential.certificate === undefined)
    return new KnownError("UNAUTHORIZED", error.message, {
      cause: error,
      hint: "No credential was sent; kauth doctor says why.",
    });
  const end = endOf(credential);
  if (end === undefined || end > now) return error;
  return new KnownError("UNAUTHORIZED", error.message, {
    cause: error,
    hint: `Your credential ended at ${new Date(end).toISOString().slice(0, 19)}Z. ${error.hint}`,
  });
};
