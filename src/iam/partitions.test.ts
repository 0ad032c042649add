import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isRegionName,
  PARTITIONS,
  partitionNamed,
  partitionOf,
  partitionOrAws,
  stsHost,
  stsHosts,
} from "./partitions.ts";

const PLAIN = { fips: false, dualStack: false };

describe("partitions", () => {
  test.each([
    ["us-east-1", "aws"],
    ["mx-central-1", "aws"],
    ["il-central-1", "aws"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
    ["us-iso-east-1", "aws-iso"],
    ["us-isob-east-1", "aws-iso-b"],
    ["eu-isoe-west-1", "aws-iso-e"],
    ["us-isof-south-1", "aws-iso-f"],
    ["eusc-de-east-1", "aws-eusc"],
    ["local", undefined],
    ["us_east_1", undefined],
    ["us-east-1.evil", undefined],
    ["us-east-1\n", undefined],
    ["", undefined],
  ])("%j is of %s", (region, name) => {
    expect(partitionOf(region)?.name).toBe(name);
  });

  test("no region is of two partitions", () => {
    const word = fc.stringMatching(/^[a-z]{2,4}(-[a-z]{2,4}){0,2}-[a-z]{4,9}-\d$/);
    fc.assert(
      fc.property(word, (region) => {
        expect(PARTITIONS.filter((each) => each.region.test(region)).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("a name finds its partition, and only its own", () => {
    for (const each of PARTITIONS) expect(partitionNamed(each.name)).toBe(each);
    expect(partitionNamed("aws-us-govt")).toBeUndefined();
    expect(partitionNamed("constructor")).toBeUndefined();
  });

  test("a region of tomorrow is one of aws", () => {
    expect(partitionOrAws("nz-north-1").name).toBe("aws");
    expect(partitionOrAws("cn-new-9").name).toBe("aws-cn");
  });
});

describe("names of regions", () => {
  test.each(["us-east-1", "local", "9-west-1", "a"])("%j is one", (text) => {
    expect(isRegionName(text)).toBe(true);
  });
  test.each([
    "",
    "invalid.com",
    "@invalid.com/%23",
    "us_east_1",
    "us-east-1\n",
    "-a",
    "a-",
    "US-EAST-1",
    "ü",
    "a".repeat(64),
  ])("%j is none", (text) => {
    expect(isRegionName(text)).toBe(false);
  });
});

describe("hosts of STS", () => {
  test.each([
    ["us-west-2", "", "sts.us-west-2.amazonaws.com"],
    ["us-west-2", "fips", "sts-fips.us-west-2.amazonaws.com"],
    ["us-west-2", "dualStack", "sts.us-west-2.api.aws"],
    ["us-west-2", "fips dualStack", "sts-fips.us-west-2.api.aws"],
    ["us-gov-east-1", "", "sts.us-gov-east-1.amazonaws.com"],
    ["us-gov-east-1", "fips", "sts.us-gov-east-1.amazonaws.com"],
    ["us-gov-east-1", "fips dualStack", "sts-fips.us-gov-east-1.api.aws"],
    ["cn-north-1", "", "sts.cn-north-1.amazonaws.com.cn"],
    ["cn-north-1", "dualStack", "sts.cn-north-1.api.amazonwebservices.com.cn"],
    ["us-iso-test-1", "", "sts.us-iso-test-1.c2s.ic.gov"],
    ["us-isob-east-1", "dualStack", "sts.us-isob-east-1.api.aws.scloud"],
    ["eu-isoe-west-1", "", "sts.eu-isoe-west-1.cloud.adc-e.uk"],
    ["us-isof-east-1", "", "sts.us-isof-east-1.csp.hci.ic.gov"],
    ["eusc-de-east-1", "", "sts.eusc-de-east-1.amazonaws.eu"],
  ])("%s with %j", (region, kind, host) => {
    const wanted = { fips: kind.includes("fips"), dualStack: kind.includes("dualStack") };
    expect(stsHost(region, partitionOrAws(region), wanted)).toBe(host);
    expect(stsHosts(region, partitionOrAws(region))).toContain(host);
  });

  test("every region has its few hosts, each once", () => {
    for (const each of PARTITIONS) {
      const hosts = stsHosts("r", each);
      expect(new Set(hosts).size).toBe(hosts.length);
      expect(hosts[0]).toBe(stsHost("r", each, PLAIN));
    }
    expect(stsHosts("us-gov-west-1", partitionOrAws("us-gov-west-1"))).toHaveLength(3);
  });
});
