import { KnownError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { tokenClaims } from "../../credentials/index.ts";

/** The application that every AKS cluster with Entra ID shares: a token for it opens all of them. */
const AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630";
/** Audiences that cloud interfaces accept, beside or instead of one cluster. */
const CLOUD_AUDIENCES = [
  "https://management.azure.com",
  "https://management.core.windows.net",
  "https://www.googleapis.com",
  "https://graph.microsoft.com",
];

/**
 * Why a token is good beyond this one cluster, or undefined if nothing visible says so (security.md R-N11).
 * Nothing is verified here: this only reads what the token says of itself.
 */
export const reachBeyondCluster = (token: Secret): string | undefined => {
  const text = token.reveal();
  if (text.startsWith("ya29.")) return "it is a Google access token, good for Google Cloud itself";
  const audiences = audiencesOf(tokenClaims(token));
  if (audiences.includes(AKS_SERVER_APPLICATION) || audiences.includes(`spn:${AKS_SERVER_APPLICATION}`))
    return "its audience is the application that all AKS clusters share";
  const cloud = audiences.find((audience) =>
    CLOUD_AUDIENCES.some((known) => audience === known || audience === `${known}/`),
  );
  return cloud === undefined ? undefined : `its audience is the cloud interface ${cloud}`;
};

/** `aud` is one text or a list of them. */
export const audiencesOf = (claims: ReturnType<typeof tokenClaims>): readonly string[] =>
  [claims?.["aud"]].flat().filter((item): item is string => typeof item === "string");

/** @throws {KnownError} TOKEN_TOO_BROAD, exit 2, unless the person said that the pod may have it */
export const refuseBroadToken = (token: Secret, allowed: boolean): void => {
  const reason = reachBeyondCluster(token);
  if (reason === undefined || allowed) return;
  throw new KnownError("TOKEN_TOO_BROAD", `Refusing to send your token into the pod: ${reason}`);
};
