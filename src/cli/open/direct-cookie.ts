import type { RawHeaders } from "../../base/headers.ts";
import type { Credential } from "../../credentials/index.ts";
import { bearerOf } from "../bearer.ts";

/** Characters of a token in one cookie, and of the cluster in its name (Headlamp, backend/pkg/auth/cookies.go). */
const CHUNK = 3_800;
const NAME_MOST = 50;

/**
 * The token as Headlamp itself would have put it into the browser, for its functions that look nowhere else. Only the
 * pod gets it. Newer releases put a hash behind the name, and read this one too.
 * @throws {KnownError} NO_BEARER_TOKEN
 */
export const headlampCookie = (credential: Credential, cluster: string): RawHeaders => {
  const token = bearerOf(credential, { purpose: "sign in to the UI" }).reveal();
  const name = cluster.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(0, NAME_MOST);
  const pairs: string[] = [];
  for (let at = 0; at < token.length; at += CHUNK)
    pairs.push(`headlamp-auth-${name}.${pairs.length}=${token.slice(at, at + CHUNK)}`);
  return [["Cookie", pairs.join("; ")]];
};
