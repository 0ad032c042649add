import { describe, expect, test } from "vitest";
import { FIELDS, HOST, NOW, queryOf, RIGHT, tokenOf, urlWith } from "../../../test/vectors/iam-token.ts";
import { isKnownError } from "../../base/errors.ts";
import { epochMillis } from "../../base/units.ts";
import { partitionNamed, type Partition } from "../partitions.ts";
import { isBroken, judge, judgeToken, RULES } from "./judge.ts";
import type { RuleSettings } from "./rules.ts";

const settings = (partition = "aws", more: Partial<RuleSettings> = {}): RuleSettings => ({
  partition: partitionNamed(partition) as Partition,
  now: epochMillis(NOW),
  ...more,
});
const reason = (token: string, used = settings()): string => {
  const verdict = judge(token, used);
  return isBroken(verdict) ? verdict.text : "accepted";
};
const FAULTY = "input token was not properly formatted: ";
const MINIMAL = `https://${HOST}/?action=GetCallerIdentity`;

test("a right token is accepted, and its request is what was signed", () => {
  expect(judge(RIGHT, settings())).toEqual({
    request: { host: HOST, target: `/?${queryOf(FIELDS)}` },
    accessKeyId: "ASIABCDEFGHIJKLMNOPQ",
    expiresAt: NOW + 15 * 60 * 1000,
  });
});

test("aws-iam-authenticator's golden token is accepted (iam.md §3.1)", () => {
  const url = `https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAR2TG44V6AS3ZZE7C%2F20230428%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=e211dba77aba9dc44b0b6be38b8eaad092599c5157f6314444c5b9d85747f5ce`;
  const verdict = judgeToken(tokenOf(url), settings("aws", { now: epochMillis(1_682_640_000_000) }));
  expect(`https://${verdict.request.host}${verdict.request.target}`).toBe(url);
});

describe("refused in the reference's words (iam.md §3.3)", () => {
  const china = "https://sts.cn-north-1.amazonaws.com.cn";
  test.each([
    ["4097 NUL bytes", "\0".repeat(4097), "token is too large"],
    ["another version", "k8s-aws-v2.asdfasdfa", 'token is missing expected "k8s-aws-v1." prefix'],
    ["no base64", "k8s-aws-v1.decodingerror?", "illegal base64 data at input byte 13"],
    ["a letter too many", "k8s-aws-v1.decodingerror!", "illegal base64 data at input byte 13"],
    ["one letter left over", "k8s-aws-v1.aaaaa", "illegal base64 data at input byte 4"],
    ["padding", `${tokenOf("a")}==`, "illegal base64 data at input byte 2"],
    ["no scheme", tokenOf(":ab:cd.af:/asda"), 'parse ":ab:cd.af:/asda": missing protocol scheme'],
    ["http", tokenOf("http://"), 'unexpected scheme "http" in pre-signed URL'],
    ["nothing", "k8s-aws-v1.", 'unexpected scheme "" in pre-signed URL'],
    [
      "another host",
      tokenOf("https://google.com"),
      "could not parse region for pre-signed URL google.com, invalid host format: google.com",
    ],
    ["no host", tokenOf("https:///"), "could not parse region for pre-signed URL , host is empty"],
    ["a path", tokenOf("https://sts.amazonaws.com/abc"), "unexpected path in pre-signed URL"],
    ["no path", tokenOf("https://sts.amazonaws.com?a=b"), "unexpected path in pre-signed URL"],
    [
      "an unknown parameter",
      tokenOf(`https://${HOST}/?NoInWhiteList=abc`),
      'non-whitelisted query parameter "NoInWhiteList"',
    ],
    [
      "one twice",
      tokenOf(`https://${HOST}/?action=get&action=post`),
      "query parameter with multiple values not supported",
    ],
    [
      "another action",
      tokenOf(`https://${HOST}/?action=NotGetCallerIdenity`),
      "unexpected action parameter in pre-signed URL",
    ],
    [
      "another case of the action",
      tokenOf(urlWith({ Action: "getcalleridentity" })),
      "unexpected action parameter in pre-signed URL",
    ],
    [
      "no cluster header",
      tokenOf(`${MINIMAL}&x-amz-signedheaders=abc%3bx-k8s-aws-i%3bdef`),
      "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ],
    [
      "too long a life",
      tokenOf(
        `${MINIMAL}&x-amz-signedheaders=x-k8s-aws-id&x-amz-date=20260102T030405Z&x-amz-expires=9999999`,
      ),
      "invalid X-Amz-Expires parameter in pre-signed URL: 9999999",
    ],
    [
      "no life",
      tokenOf(urlWith({ "X-Amz-Expires": "" })),
      "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ],
    [
      "901 s",
      tokenOf(urlWith({ "X-Amz-Expires": "901" })),
      "invalid X-Amz-Expires parameter in pre-signed URL: 901",
    ],
    [
      "-1 s",
      tokenOf(urlWith({ "X-Amz-Expires": "-1" })),
      "invalid X-Amz-Expires parameter in pre-signed URL: -1",
    ],
    [
      "no date",
      tokenOf(urlWith({ "X-Amz-Date": undefined })),
      "X-Amz-Date parameter must be present in pre-signed URL",
    ],
    [
      "no such date",
      tokenOf(`${MINIMAL}&x-amz-signedheaders=x-k8s-aws-id&x-amz-date=xxxxxxx&x-amz-expires=60`),
      'error parsing X-Amz-Date parameter xxxxxxx into format 20060102T150405Z: parsing time "xxxxxxx" as "20060102T150405Z": cannot parse "xxxxxxx" as "2006"',
    ],
    [
      "a month of its own",
      tokenOf(urlWith({ "X-Amz-Date": "20261302T030405Z" })),
      'error parsing X-Amz-Date parameter 20261302T030405Z into format 20060102T150405Z: parsing time "20261302T030405Z": month out of range',
    ],
    [
      "30 February",
      tokenOf(urlWith({ "X-Amz-Date": "20260230T030405Z" })),
      'error parsing X-Amz-Date parameter 20260230T030405Z into format 20060102T150405Z: parsing time "20260230T030405Z": day out of range',
    ],
    [
      "an old date",
      tokenOf(`${MINIMAL}&x-amz-signedheaders=x-k8s-aws-id&x-amz-date=19900422T010203Z&x-amz-expires=60`),
      "X-Amz-Date parameter is expired (15 minute expiration) 1990-04-22 01:02:03 +0000 UTC",
    ],
    [
      "15:01 minutes old",
      tokenOf(urlWith({ "X-Amz-Date": "20260102T024904Z" })),
      "X-Amz-Date parameter is expired (15 minute expiration) 2026-01-02 02:49:04 +0000 UTC",
    ],
    ["an odd escape", tokenOf(`${MINIMAL}&x-amz-expires=60%gh`), "malformed query parameter"],
    ["a semicolon", tokenOf(`${MINIMAL}&a=1;b=2`), "malformed query parameter"],
    [
      "two spellings (CVE-2022-2385)",
      tokenOf(`${urlWith()}&x-amz-credential=eve`),
      'duplicate query parameter found: "x-amz-credential"',
    ],
    ["two actions", tokenOf(`${urlWith()}&action=AssumeRole`), 'duplicate query parameter found: "action"'],
  ])("%s", (_name, token, text) => {
    expect(reason(token)).toBe(`${FAULTY}${text}`);
  });

  test("a path in another partition", () => {
    expect(reason(tokenOf(`${china}/abc`), settings("aws-cn"))).toBe(
      `${FAULTY}unexpected path in pre-signed URL`,
    );
  });

  test("4096 bytes are not too many", () => {
    expect(reason("k8s-aws-v1.".padEnd(4096, "a"))).not.toContain("too large");
    expect(reason("k8s-aws-v1.".padEnd(4097, "a"))).toContain("too large");
  });
});

describe("spellings that WHATWG's parser reads as one (iam.md §3.9)", () => {
  const query = queryOf({
    ...FIELDS,
    "X-Amz-Credential": "ASIABCDEFGHIJKLMNOPQ%2F20260102%2Fus-east-1%2Fsts%2Faws4_request",
  });
  const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  test("the right one is accepted", () => {
    expect(reason(tokenOf(`https://sts.amazonaws.com/?${query}`))).toBe("accepted");
  });
  test.each([
    `https://sts.amazonaws.com:443/?${query}`,
    `HTTPS://STS.AMAZONAWS.COM/?${query}`,
    `HTTPS://sts.amazonaws.com/?${query}`,
    `https://sts.amazonaws.com?${query}`,
    `https://user:pw@sts.amazonaws.com/?${query}`,
    `https://@sts.amazonaws.com/?${query}`,
    `https://sts.amazonaws.com/?${query}#frag`,
    `https://sts.amazonaws.com/?${query}#`,
    `https://sts.ama\tzonaws.com/?${query}`,
    ` https://sts.amazonaws.com/?${query}`,
    `https://sts.amazonaws.com/./?${query}`,
    `https://sts.amazonaws.com/%2e/?${query}`,
    `https://sts.amazonaws.com%2F?${query}`,
    `https://sts.amazonaws.com/%2F?${query}`,
    `https://sts%2Eamazonaws.com/?${query}`,
    `https://${bytes("ｓ")}ts.amazonaws.com/?${query}`,
    `https://sts${bytes("。")}amazonaws${bytes("。")}com/?${query}`,
    `https:sts.amazonaws.com/?${query}`,
    `https:///sts.amazonaws.com/?${query}`,
    `https://sts.amazonaws.com\\@evil.example/?${query}`,
    `https://sts.amazonaws.com./?${query}`,
    `https://sts.amazonaws.com/?${query}\n`,
    `https://sts.amazonaws.com/?${query}&`,
    `https://sts.amazonaws.com/?&${query}`,
    `https://sts.amazonaws.com/??${query}`,
  ])("%#", (url) => {
    expect(reason(tokenOf(url))).toMatch(/^input token was not properly formatted: ./);
  });
});

describe("stricter than the reference (security.md L)", () => {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  /** Another spelling of the same bytes: the lowest bit of the last letter means nothing here. */
  const alias = (token: string): string => {
    const spelled = `${token.slice(0, -1)}${ALPHABET[ALPHABET.indexOf(token.at(-1) ?? "") + 1] ?? ""}`;
    expect(Buffer.from(spelled.slice(11), "base64url")).toEqual(Buffer.from(token.slice(11), "base64url"));
    return spelled;
  };
  test.each<readonly [string, string, string]>([
    ["a line break in the base64", `${RIGHT.slice(0, 40)}\n${RIGHT.slice(40)}`, "exact-base64"],
    ["a line break behind it", `${RIGHT}\n`, "exact-base64"],
    ["bits left over", alias(tokenOf(urlWith({ "X-Amz-Expires": "060" }))), "exact-base64"],
    ["user and password", tokenOf(urlWith().replace("//", "//user:pw@")), "exact-url"],
    ["a fragment", tokenOf(`${urlWith()}#x`), "exact-url"],
    ["a scheme in capitals", tokenOf(urlWith().replace("https", "HTTPS")), "exact-url"],
    ["a plus", tokenOf(urlWith({ "X-Amz-Security-Token": "a+b" })), "exact-url"],
    ["another version", tokenOf(urlWith({ Version: "2012-01-01" })), "version"],
    ["no version", tokenOf(urlWith({ Version: undefined })), "version"],
    ["another algorithm", tokenOf(urlWith({ "X-Amz-Algorithm": "AWS4-HMAC-SHA1" })), "algorithm"],
    [
      "no host among what is signed",
      tokenOf(urlWith({ "X-Amz-SignedHeaders": "x-k8s-aws-id" })),
      "signed-headers",
    ],
    [
      "a third header",
      tokenOf(urlWith({ "X-Amz-SignedHeaders": "accept%3Bhost%3Bx-k8s-aws-id" })),
      "signed-headers",
    ],
    [
      "one header twice",
      tokenOf(urlWith({ "X-Amz-SignedHeaders": "x-k8s-aws-id%3Bx-k8s-aws-id" })),
      "signed-headers",
    ],
    ["capitals in it", tokenOf(urlWith({ "X-Amz-SignedHeaders": "host%3BX-K8s-Aws-Id" })), "signed-headers"],
    ["no credential", tokenOf(urlWith({ "X-Amz-Credential": undefined })), "credential"],
    [
      "another service",
      tokenOf(
        urlWith({ "X-Amz-Credential": "ASIABCDEFGHIJKLMNOPQ%2F20260102%2Fus-west-2%2Fs3%2Faws4_request" }),
      ),
      "credential",
    ],
    [
      "another region",
      tokenOf(
        urlWith({ "X-Amz-Credential": "ASIABCDEFGHIJKLMNOPQ%2F20260102%2Fus-west-1%2Fsts%2Faws4_request" }),
      ),
      "credential",
    ],
    [
      "another day",
      tokenOf(
        urlWith({ "X-Amz-Credential": "ASIABCDEFGHIJKLMNOPQ%2F20260101%2Fus-west-2%2Fsts%2Faws4_request" }),
      ),
      "credential",
    ],
    [
      "no key",
      tokenOf(urlWith({ "X-Amz-Credential": "%2F20260102%2Fus-west-2%2Fsts%2Faws4_request" })),
      "credential",
    ],
    [
      "a line break in the session token",
      tokenOf(urlWith({ "X-Amz-Security-Token": "a%0Ab" })),
      "session-token",
    ],
    ["no signature", tokenOf(urlWith({ "X-Amz-Signature": undefined })), "signature"],
    ["a short signature", tokenOf(urlWith({ "X-Amz-Signature": "abc" })), "signature"],
    ["a signed number of seconds", tokenOf(urlWith({ "X-Amz-Expires": "%2B60" })), "exact-expires"],
    ["half a second", tokenOf(urlWith({ "X-Amz-Date": "20260102T030405.5Z" })), "exact-date"],
    ["an hour ahead", tokenOf(urlWith({ "X-Amz-Date": "20260102T040405Z" })), "ahead"],
    ["5:01 minutes ahead", tokenOf(urlWith({ "X-Amz-Date": "20260102T030906Z" })), "ahead"],
  ])("%s", (_name, token, rule) => {
    expect(judge(token, settings())).toMatchObject({ rule });
  });

  test.each<readonly [string, string]>([
    ["15:00 minutes old", "20260102T024905Z"],
    ["5:00 minutes ahead", "20260102T030905Z"],
  ])("%s is accepted", (_name, date) => {
    expect(reason(tokenOf(urlWith({ "X-Amz-Date": date })))).toBe("accepted");
  });
});

test("no text repeats a signature or a session token", () => {
  const secret = "hunter2canary";
  const url = urlWith({ "X-Amz-Signature": secret, "X-Amz-Security-Token": secret });
  for (const spoiled of [
    `:?X-Amz-Signature=${secret}`,
    url,
    `:${url}`,
    url.replace("https", "ht tps"),
    `${url}&b=%gh`,
    url.replace("?", ""),
  ])
    expect(reason(tokenOf(spoiled))).not.toContain(secret);
});

test("a refusal is an error with a code", () => {
  expect(() => judgeToken("k8s-aws-v2.", settings())).toThrow(
    expect.toSatisfy((error: unknown) => isKnownError(error, "IAM_TOKEN_REFUSED")),
  );
});

test("every rule has a name of its own", () => {
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});
