import * as crypto from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SIGV4_CASES } from "../../../test/vectors/sigv4.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import {
  canonicalQuery,
  presignedQuery,
  signedHeaders,
  type Pairs,
  type Signing,
  type Unsigned,
} from "./sigv4.ts";

/** Keys, time and place of the test suite that AWS published (aws-sig-v4-test-suite). The keys are nobody's. */
const SUITE: Signing = {
  keys: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    sessionToken: undefined,
  },
  region: "us-east-1",
  service: "service",
  now: epochMillis(Date.parse("2015-08-30T12:36:00Z")),
};

const get = (query: Pairs = [], more: Partial<Unsigned> = {}): Unsigned => ({
  method: "GET",
  path: "/",
  query,
  headers: [["host", "example.amazonaws.com"]],
  body: "",
  ...more,
});

const signatureOf = (request: Unsigned): string =>
  /Signature=([0-9a-f]+)$/.exec(signedHeaders(request, SUITE).authorization)?.[1] ?? "";

describe("AWS's published cases", () => {
  test.each(SIGV4_CASES)(
    "$name",
    ({ method, path = "/", query = [], headers = [], body = "", signature }) => {
      const host = ["host", "example.amazonaws.com"] as const;
      expect(
        signatureOf(
          get(query, {
            ...(method === undefined ? {} : { method }),
            path,
            body,
            headers: [host, ...headers],
          }),
        ),
      ).toBe(signature);
    },
  );

  test("the whole header", () => {
    expect(signedHeaders(get(), SUITE)).toEqual({
      headers: [
        ["host", "example.amazonaws.com"],
        ["x-amz-date", "20150830T123600Z"],
      ],
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    });
  });
});

const pairs = fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), {
  maxLength: 8,
});

describe("a signed request", () => {
  test("the order in which parts are given changes nothing", () => {
    fc.assert(
      fc.property(pairs, fc.infiniteStream(fc.nat()), (query, order) => {
        const other = query
          .map((pair) => ({ pair, at: order.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ pair }) => pair);
        expect(presignedQuery(get(other), SUITE, 60)).toBe(presignedQuery(get(query), SUITE, 60));
      }),
    );
  });

  test("a query is read back as it was meant, and is plain ASCII", () => {
    fc.assert(
      fc.property(pairs, (query) => {
        const text = canonicalQuery(query);
        expect(text).toMatch(/^[A-Za-z0-9._~%&=-]*$/);
        const read =
          text === "" ? [] : text.split("&").map((part) => part.split("=").map(decodeURIComponent));
        expect(read.map(String).toSorted()).toEqual(query.map(String).toSorted());
      }),
    );
  });

  test("whatever differs is signed otherwise", () => {
    const plain = signatureOf(get([["a", "b"]]));
    for (const other of [
      get([["a", "c"]]),
      get([["ab", ""]]),
      get([["a", "b"]], { path: "/x" }),
      get([["a", "b"]], { method: "POST" }),
      get([["a", "b"]], { body: "x" }),
      get([["a", "b"]], { headers: [["host", "evil.example"]] }),
    ])
      expect(signatureOf(other)).not.toBe(plain);
  });

  test("a session token is signed with the rest, and blanks count once", () => {
    const keys = { ...SUITE.keys, sessionToken: new Secret("t/=+") };
    const query = presignedQuery(get(), { ...SUITE, keys }, 60);
    expect(query).toContain("&X-Amz-Security-Token=t%2F%3D%2B&X-Amz-SignedHeaders=host&X-Amz-Signature=");
    expect(signedHeaders(get(), { ...SUITE, keys }).headers).toContainEqual(["x-amz-security-token", "t/=+"]);
    const spaced = (value: string): string =>
      signatureOf(
        get([], {
          headers: [
            ["host", "h"],
            ["x-a", value],
          ],
        }),
      );
    expect(spaced(" a   b ")).toBe(spaced("a b"));
  });

  test("the key is derived for the day, the region and the service", () => {
    const hmac = (key: crypto.BinaryLike, text: string): Buffer =>
      crypto.createHmac("sha256", key).update(text).digest();
    const key = ["20150830", "us-east-1", "service", "aws4_request"].reduce<Buffer>(
      (each, part) => hmac(each, part),
      Buffer.from("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    );
    const empty = crypto.createHash("sha256").update("").digest("hex");
    const request = `GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n${empty}`;
    const hash = crypto.createHash("sha256").update(request).digest("hex");
    const text = `AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n${hash}`;
    expect(signatureOf(get())).toBe(hmac(key, text).toString("hex"));
  });
});
