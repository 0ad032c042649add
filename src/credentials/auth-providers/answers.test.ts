import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { epochMillis } from "../../base/units.ts";
import { readAzureToken } from "./azure-token.ts";
import { readIdToken } from "./id-token.ts";
import { readTokenAnswer } from "./oauth-token.ts";

/** What a hostile server may say: never a crash, never a secret in a message. */

const CANARY = "canary-canary-canary";
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(CANARY, `x ${CANARY}`, 1e308, -1, "1e999", null, true, [], {}),
);
const FIELDS =
  "access_token refresh_token id_token expires_in expires_on exp iat __proto__ constructor".split(" ");
const record = fc.dictionary(fc.constantFrom(...FIELDS), value);
const body = fc.oneof(
  record.map((fields) => JSON.stringify(fields)),
  fc.string().map((text) => `${text}${CANARY}`),
  record.map((fields) =>
    new URLSearchParams(
      Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, JSON.stringify(item)])),
    ).toString(),
  ),
);
const media = fc.constantFrom("application/json", "text/plain", "application/x-www-form-urlencoded", "x", "");

const runs = { numRuns: 5000 };

test("a token endpoint", () => {
  fc.assert(
    fc.property(body, media, fc.constantFrom(200, 201), (text, type, status) => {
      try {
        const answer = readTokenAnswer({ status, headers: [["Content-Type", type]], body: text });
        expect(answer.accessToken).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(KnownError);
        expect((error as Error).message).not.toContain("canary");
      }
    }),
    runs,
  );
});

test("Azure's", () => {
  fc.assert(
    fc.property(body, (text) => {
      try {
        readAzureToken({ status: 200, headers: [], body: text }, "e", epochMillis(0));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as Error).message).not.toContain("canary");
      }
    }),
    runs,
  );
});

test("an ID token", () => {
  const part = fc.oneof(
    fc.string(),
    body.map((text) => Buffer.from(text).toString("base64url")),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      try {
        expect(typeof readIdToken(parts.join(".")).expiresAt).toBe("number");
      } catch (error) {
        expect(error).toBeInstanceOf(KnownError);
        expect((error as Error).message).not.toContain("canary");
      }
    }),
    runs,
  );
});
