import { expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import { partitionNamed, type Partition } from "../partitions.ts";
import { presignedQuery } from "../token/sigv4.ts";
import { mintToken } from "../token/token.ts";
import { isBroken, judge, type JudgedToken } from "./judge.ts";

const NOW = epochMillis(Date.UTC(2026, 0, 2, 3, 4, 5));
const HOST = "sts.us-west-2.amazonaws.com";
const CLUSTER = "my-cluster";
const KEYS = {
  accessKeyId: "ASIABCDEFGHIJKLMNOPQ",
  secretAccessKey: new Secret("made-up"),
  sessionToken: new Secret("FwoGZXIvYXdzEXAMPLE/+=="),
};
const settings = { partition: partitionNamed("aws") as Partition, now: NOW };
const token = mintToken({
  clusterId: CLUSTER,
  endpoint: { scheme: "https", host: HOST, signingRegion: "us-west-2" },
  keys: KEYS,
  now: NOW,
}).token.reveal();

/** What STS would do with a request: the key it knows, the signature over what is asked, and nothing else. */
const isSigned = ({ request: { host, target } }: JudgedToken): boolean => {
  const given = new URLSearchParams(target.slice(2));
  const [key, , region = ""] = (given.get("X-Amz-Credential") ?? "").split("/");
  const date = Date.parse(
    (given.get("X-Amz-Date") ?? "").replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"),
  );
  // It knows parameters by their usual spelling only.
  if (key !== KEYS.accessKeyId || Number.isNaN(date)) return false;
  const unsigned = new Set([
    "X-Amz-Signature",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-SignedHeaders",
  ]);
  const session = given.get("X-Amz-Security-Token");
  const right = presignedQuery(
    {
      method: "GET",
      path: "/",
      query: [...given].filter(([name]) => !unsigned.has(name)),
      headers: [
        ["host", host],
        ["x-k8s-aws-id", CLUSTER],
      ],
      body: "",
    },
    {
      keys: { ...KEYS, sessionToken: session === null ? undefined : new Secret(session) },
      region,
      service: "sts",
      now: epochMillis(date),
    },
    Number(given.get("X-Amz-Expires")),
  );
  return right.split("&").toSorted().join("&") === target.slice(2).split("&").toSorted().join("&");
};

const accepted = (text: string): JudgedToken | undefined => {
  const verdict = judge(text, settings);
  return isBroken(verdict) ? undefined : verdict;
};

test("the token itself is right, and signed", () => {
  const verdict = accepted(token);
  expect(verdict !== undefined && isSigned(verdict)).toBe(true);
});

test("a token with any byte changed is refused, by us or by STS, or is the same request", () => {
  const right = accepted(token)?.request;
  let refusedHere = 0;
  let same = 0;
  for (let index = 0; index < token.length; index++)
    for (const letter of [
      "A",
      "_",
      "~",
      "\n",
      "=",
      "\0",
      "é",
      token[index]?.toLowerCase() ?? "",
      token[index]?.toUpperCase() ?? "",
    ]) {
      if (letter === token[index]) continue;
      for (const text of [
        token.slice(0, index) + letter + token.slice(index + 1),
        token.slice(0, index) + letter + token.slice(index),
      ]) {
        const verdict = accepted(text);
        if (verdict === undefined) refusedHere += 1;
        else if (isSigned(verdict)) {
          expect(verdict.request).toEqual(right);
          same += 1;
        }
      }
    }
  for (let index = 0; index < token.length; index++)
    expect(accepted(token.slice(0, index)), "cut off").toBeUndefined();
  expect(refusedHere).toBeGreaterThan(token.length);
  expect(same).toBeLessThan(token.length);
});

test("the same for every byte of the URL in it", () => {
  const url = Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString("latin1");
  const right = accepted(token)?.request;
  for (let index = 0; index < url.length; index++)
    for (let byte = 0; byte < 256; byte += index % 8 === 0 ? 1 : 11) {
      const text = url.slice(0, index) + String.fromCharCode(byte) + url.slice(index + 1);
      if (text === url) continue;
      const verdict = accepted(`k8s-aws-v1.${Buffer.from(text, "latin1").toString("base64url")}`);
      if (verdict !== undefined && isSigned(verdict)) expect(verdict.request).toEqual(right);
    }
});
