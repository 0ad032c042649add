import { join } from "node:path";
import { Secret } from "../src/base/secret.ts";
import { realSystem } from "../src/base/system.ts";
import { entryKey } from "../src/cli/oidc/entry-key.ts";
import { openCache } from "../src/oidc/warm.ts";

const ISSUER = "https://issuer.example.com/realms/people";
const CLIENT = "kubernetes";
const HOUR = 3_600_000;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * Keeps a token below a home as a sign-in would have, and gives the words that find it again. The token has the size of
 * one with twenty groups; nobody verifies one that is kept.
 */
export async function warmCache(home: string): Promise<readonly string[]> {
  const directory = join(home, "oidc-cache");
  const system = realSystem();
  const key = entryKey({
    issuer: ISSUER,
    clientId: CLIENT,
    clientSecret: undefined,
    redirectUri: undefined,
    scopes: ["email", "groups"],
    useAccessToken: false,
    audience: undefined,
    headers: [],
    pkce: "auto",
    ca: undefined,
    verify: true,
    username: undefined,
    account: undefined,
    extra: new Map(),
    subject: undefined,
    subjectNow: undefined,
    grant: "auto",
  });
  const start = Math.floor(system.now() / 1000);
  const token = [
    part({ alg: "RS256", kid: "key" }),
    part({
      iss: ISSUER,
      sub: "0f8fad5b-d9cb-469f-a165-70867728950e",
      aud: CLIENT,
      iat: start,
      exp: start + (24 * HOUR) / 1000,
      email: "person@example.com",
      groups: Array.from({ length: 20 }, (_each, index) => `a-group-of-people-${index}`),
    }),
    "s".repeat(342),
  ].join(".");
  const cache = await openCache(directory, system);
  const kept = await cache?.write(key, {
    idToken: new Secret(token),
    accessToken: undefined,
    refreshToken: new Secret("r".repeat(200)),
    expiresAt: undefined,
  });
  if (kept !== true) throw new Error("The cache could not be warmed");
  return [
    "oidc",
    "get-token",
    `--token-cache-dir=${directory}`,
    `--oidc-issuer-url=${ISSUER}`,
    `--oidc-client-id=${CLIENT}`,
    "--oidc-extra-scope=email,groups",
  ];
}
