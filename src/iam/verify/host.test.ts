import { describe, expect, test } from "vitest";
import { partitionNamed, type Partition } from "../partitions.ts";
import { hostFault, signingRegion } from "./host.ts";

const fault = (partition = "", host = "", region?: string): string | undefined =>
  hostFault(host, { partition: partitionNamed(partition) as Partition, region });

describe("hosts that are asked (iam.md §3.2)", () => {
  const COMMERCIAL =
    "us-east-1 us-east-2 us-west-1 us-west-2 ap-south-1 ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 eu-north-1 sa-east-1";
  test.each<readonly [partition: string, host: string, region?: string]>([
    ["aws", "sts.amazonaws.com"],
    ["aws-cn", "sts.cn-northwest-1.amazonaws.com.cn"],
    ["aws-cn", "sts.cn-north-1.amazonaws.com.cn"],
    ["aws-cn", "sts.not-a-region2.amazonaws.com.cn", "not-a-region2"],
    ["aws-cn", "sts.us-isob-east-1.amazonaws.com.cn", "us-isob-east-1"],
    ["aws-cn", "sts.cn-north-1.api.amazonwebservices.com.cn"],
    ["aws", "sts-fips.us-west-2.amazonaws.com"],
    ["aws", "sts-fips.us-east-1.amazonaws.com"],
    ...COMMERCIAL.split(" ").map((region) => ["aws", `sts.${region}.amazonaws.com`] as const),
    ["aws", "sts.us-west-2.api.aws"],
    ["aws", "sts.default-region.amazonaws.com", "default-region"],
    ["aws", "sts.not-a-region.amazonaws.com", "not-a-region"],
    ["aws-iso", "sts.us-iso-east-1.c2s.ic.gov"],
    ["aws-us-gov", "sts.us-gov-east-1.amazonaws.com"],
    ["aws-eusc", "sts.eusc-de-east-1.amazonaws.eu"],
  ])("%s %s", (partition, host, region) => {
    expect(fault(partition, host, region)).toBeUndefined();
  });
});

describe("hosts that are not (iam.md §3.2, security.md R-L2)", () => {
  const OTHERS = ["aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];
  test.each<readonly [partition: string, host: string, region?: string]>([
    ...OTHERS.map((partition) => [partition, "sts.amazonaws.com"] as const),
    ["aws-cn", "sts.us-iso-east-1.c2s.ic.gov"],
    ["aws-cn", "sts.not-a-region1.amazonaws.com.cn"],
    ["aws-cn", "sts.us-west-2.amazonaws.com.cn"],
    ["aws-cn", "sts.not-a-region5.amazonaws.com.cn", "us-west-2"],
    ["aws-cn", "sts.not-a-region.amazonaws.com", "not-a-region"],
    ["aws-cn", "sts.us-isob-east-1.amazonaws.com.cn"],
    ["aws-cn", "sts-fips.us-east-1.amazonaws.com"],
    ["aws", "sts.amazonaws.com.cn"],
    ["aws", "website.amazonaws.com"],
    ["aws", "sts.cn-north-1.api.amazonwebservices.com.cn"],
    ["aws", "sts.us-west-2.amazonaws.com.cn"],
    ["aws", "sts.us-west-2.amazonaws.com.cn", "us-west-2"],
    ["aws-iso", "sts.cn-north-1.amazonaws.com.cn"],
    ["aws-iso-b", "sts.cn-north-1.amazonaws.com.cn"],
    ["aws-iso-b", "sts.us-isob-east-1.amazonaws.com.cn"],
    ["aws-iso-b", "sts.us-isob-east-1.amazonaws.com.cn", "us-isob-east-1"],
    // The reference takes these.
    ["aws", "sts.not-a-region.amazonaws.com"],
    ["aws", "sts.not-a-region.amazonaws.com", "us-west-2"],
    ["aws", "sts.us-gov-west-1.amazonaws.com"],
    ["aws-us-gov", "sts.us-west-2.amazonaws.com"],
    ["aws", "sts.evil.amazonaws.com"],
    ["aws", "sts.us-anything-1.amazonaws.com"],
    ["aws", "sts.us-west-22.amazonaws.com"],
    ["aws", "sts.evil.com"],
    ["aws", "sts.us-east-1.amazonaws.com.evil.com"],
    ["aws", "sts.us-east-1.amazonaws.com."],
    ["aws", "sts.us-east-1.amazonaws.com:443"],
    ["aws", "STS.us-east-1.amazonaws.com"],
    ["aws", "sts.US-EAST-1.amazonaws.com"],
    ["aws", "sts..amazonaws.com"],
  ])("%s %s (region %s)", (partition, host, region) => {
    expect(fault(partition, host, region)).toBeTypeOf("string");
  });

  test.each([
    ["", "could not parse region for pre-signed URL , host is empty"],
    ["sts", "could not parse region for pre-signed URL sts, invalid host format: sts"],
    [
      "sts.wrongformat",
      "could not parse region for pre-signed URL sts.wrongformat, invalid host format: sts.wrongformat",
    ],
    ["sts.us_east_1.amazonaws.com", "invalid region identifier format provided: us_east_1"],
    ["sts.@invalid.com", "invalid region identifier format provided: @invalid"],
    ["sts.local.amazonaws.com", 'unexpected hostname "sts.local.amazonaws.com" in pre-signed URL'],
  ])("%j in the reference's words", (host, text) => {
    expect(fault("aws", host)).toBe(text);
  });

  test("the global host says in which partition it is refused", () => {
    expect(fault("aws-cn", "sts.amazonaws.com")).toBe("global endpoint unsupported in partition aws-cn");
  });
});

test.each([
  ["sts.amazonaws.com", "us-east-1"],
  ["sts.us-west-2.amazonaws.com", "us-west-2"],
  ["sts-fips.eu-central-1.api.aws", "eu-central-1"],
])("%s takes signatures for %s", (host, region) => {
  expect(signingRegion(host)).toBe(region);
});
