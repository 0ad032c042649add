import fc from "fast-check";
import { Secret } from "../../src/base/secret.ts";
import { factsEnd, tokenFacts } from "../../src/cli/token-facts.ts";
import { readIdToken } from "../../src/credentials/auth-providers/id-token.ts";
import { tokenExpiry } from "../../src/credentials/token.ts";
import { anyText, CANARY, judged, reshaped, spoiled, type Wishes } from "./spoil.ts";

const CLAIMS = {
  iss: "https://issuer.test",
  aud: ["kauth", "other"],
  sub: "alice",
  exp: 4_000_000_000,
  iat: 1_700_000_000,
  nbf: 1_700_000_000,
  groups: ["devs"],
  email: "alice@example.test",
  "kubernetes.io": { namespace: "apps", serviceaccount: { name: "viewer", uid: "u" } },
};
const PRESIGNED = `https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=${CANARY}&X-Amz-Signature=${CANARY}`;

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const decode = (text: string): string => Buffer.from(text, "base64url").toString("latin1");
const EKS = "k8s-aws-v1.";
const jwt = (payload: string): string => `${encode(Buffer.from('{"alg":"RS256"}'))}.${payload}.${CANARY}`;

const token = fc.oneof(
  reshaped(CLAIMS).map((value) => jwt(encode(Buffer.from(JSON.stringify(value) ?? "")))),
  spoiled(JSON.stringify(CLAIMS)).map((bytes) => jwt(encode(bytes))),
  spoiled(jwt(encode(Buffer.from(JSON.stringify(CLAIMS))))).map((bytes) => bytes.toString("latin1")),
  spoiled(PRESIGNED).map((bytes) => EKS + encode(bytes)),
  anyText(200),
);

/**
 * Tokens as they may come: what is read off them is no secret, and an end is a time that can be printed. A signature is
 * never told; where the token is spoiled, what was one may stand elsewhere.
 */
export async function fuzzToken({ runs, seed }: Wishes): Promise<void> {
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      const secret = new Secret(text);
      const facts = tokenFacts(secret);
      const told = JSON.stringify(facts);
      if (told.includes(CANARY) && !tells(text)) throw new Error(`a signature in ${told}`);
      for (const end of [tokenExpiry(secret), factsEnd(facts)])
        if (end !== undefined) new Date(end).toISOString();
      const life = await judged(() => readIdToken(text));
      if (life !== undefined && Number.isNaN(life.expiresAt)) throw new Error("an end that is no number");
    }),
    { numRuns: runs, ...seed },
  );
}

/** What stands in the claims, or in the parts of a presigned URL that are told, is no secret. */
const tells = (text: string): boolean => {
  if (!text.startsWith(EKS)) return decode(text.split(".")[1] ?? "").includes(CANARY);
  const url = new URL(decode(text.slice(EKS.length)));
  const told = [...url.searchParams].filter(([name]) => /^x-amz-(?:credential|date)$/i.test(name));
  return `${url.host} ${told.join(" ")}`.includes(CANARY);
};
