import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import { stsEndpoint, type EndpointWish } from "./endpoint.ts";

const wish = (region: string, more: Partial<EndpointWish> = {}): EndpointWish => ({
  region,
  fips: false,
  dualStack: false,
  url: undefined,
  ...more,
});

const fails = (code: "IAM_REGION" | "IAM_ENDPOINT"): unknown =>
  expect.toSatisfy((error) => isKnownError(error, code));

describe("the endpoint of STS", () => {
  test.each([
    ["a region's own", wish("us-west-2"), "https://sts.us-west-2.amazonaws.com as us-west-2"],
    ["FIPS", wish("us-west-2", { fips: true }), "https://sts-fips.us-west-2.amazonaws.com as us-west-2"],
    ["dual stack", wish("eu-west-1", { dualStack: true }), "https://sts.eu-west-1.api.aws as eu-west-1"],
    ["another partition", wish("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn as cn-north-1"],
    [
      "a region of no known form",
      wish("default-region"),
      "https://sts.default-region.amazonaws.com as default-region",
    ],
    ["no region", wish("aws-global"), "https://sts.amazonaws.com as us-east-1"],
    ["named", wish("us-west-2", { url: "http://localhost:4566" }), "http://localhost:4566 as us-west-2"],
    [
      "named, with its usual port",
      wish("us-west-2", { url: "https://vpce-1.sts.test:443/" }),
      "https://vpce-1.sts.test as us-west-2",
    ],
    ["named, no region", wish("aws-global", { url: "https://sts.test" }), "https://sts.test as us-east-1"],
  ])("%s", (_name, given, expected) => {
    const { scheme, host, signingRegion } = stsEndpoint(given);
    expect(`${scheme}://${host} as ${signingRegion}`).toBe(expected);
  });

  test.each(["", "us-east-1.evil.com/", "@invalid.com/%23", "us_east_1", "US-EAST-1"])(
    "region %j leads nowhere",
    (region) => {
      expect(() => stsEndpoint(wish(region))).toThrow(fails("IAM_REGION"));
    },
  );

  test.each([{ fips: true }, { dualStack: true }])("no region has no %o", (kind) => {
    expect(() => stsEndpoint(wish("aws-global", kind))).toThrow(fails("IAM_REGION"));
  });

  test.each([
    "",
    "sts.test",
    "ftp://sts.test",
    "https://user@sts.test",
    "https://:pw@sts.test",
    "https://sts.test/path",
    "https://sts.test/?a",
    "https://sts.test/#a",
  ])("the URL %j is refused", (url) => {
    expect(() => stsEndpoint(wish("us-east-1", { url }))).toThrow(fails("IAM_ENDPOINT"));
  });

  test.each([{ fips: true }, { dualStack: true }])("a URL of one's own with %o is refused", (kind) => {
    expect(() => stsEndpoint(wish("us-east-1", { url: "https://sts.test", ...kind }))).toThrow(
      fails("IAM_ENDPOINT"),
    );
  });

  test("whatever the region is called, the host is below an AWS domain", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), fc.boolean(), (region, fips, dualStack) => {
        let host: string;
        try {
          ({ host } = stsEndpoint(wish(region, { fips, dualStack })));
        } catch (error) {
          expect(isKnownError(error, "IAM_REGION")).toBe(true);
          return;
        }
        expect(host).toMatch(/^sts(-fips)?\.[a-z0-9-]+\.(amazonaws\.com|api\.aws)$/);
      }),
    );
  });
});
