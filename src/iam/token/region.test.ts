import { describe, expect, test } from "vitest";
import { knownRegion, type RegionHints } from "./region.ts";

const NOTHING: RegionHints = { flag: undefined, env: {}, profile: undefined, clusterId: "c" };
const info = (server: unknown): Readonly<Record<string, string>> => ({
  KUBERNETES_EXEC_INFO: JSON.stringify({ spec: { cluster: { server } } }),
});
const ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/c";

describe("the region", () => {
  test("whoever says it first", () => {
    const env = {
      AWS_REGION: "env",
      AWS_DEFAULT_REGION: "older",
      ...info("https://x.us-east-2.eks.amazonaws.com"),
    };
    const all: RegionHints = { flag: "flag", env, profile: "profile", clusterId: ARN };
    expect(knownRegion(all)).toBe("flag");
    expect(knownRegion({ ...all, flag: "" })).toBe("env");
    expect(knownRegion({ ...all, flag: undefined, env: { ...env, AWS_REGION: "" } })).toBe("older");
    expect(knownRegion({ ...NOTHING, profile: "profile", clusterId: ARN })).toBe("profile");
    expect(
      knownRegion({ ...NOTHING, env: info("https://x.us-east-2.eks.amazonaws.com"), clusterId: ARN }),
    ).toBe("eu-west-1");
    expect(knownRegion(NOTHING)).toBeUndefined();
  });

  test.each([
    [ARN, "eu-west-1"],
    ["arn:aws-cn:eks:cn-north-1:111122223333:cluster/c", "cn-north-1"],
    ["arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/c", "us-gov-west-1"],
    ["arn:aws:eks:cn-north-1:111122223333:cluster/c", undefined],
    ["arn:aws:ecs:eu-west-1:111122223333:cluster/c", undefined],
    ["arn:aws:eks::111122223333:cluster/c", undefined],
    ["eu-west-1", undefined],
  ])("of the cluster %s", (clusterId, region) => {
    expect(knownRegion({ ...NOTHING, clusterId })).toBe(region);
  });

  test.each([
    ["https://0123ABCD.gr7.eu-west-1.eks.amazonaws.com", "eu-west-1"],
    ["https://0123ABCD.sk1.us-east-2.eks.amazonaws.com:443/", "us-east-2"],
    ["https://0123ABCD.yl4.cn-north-1.eks.amazonaws.com.cn", "cn-north-1"],
    ["https://0123abcd.gr7.us-gov-west-1.eks.amazonaws.com", "us-gov-west-1"],
    ["https://0123abcd.eks-cluster.eu-central-1.api.aws", "eu-central-1"],
    ["https://eu-west-1.example.com", undefined],
    ["https://x.eu-west-1.eks.amazonaws.com.evil.example", undefined],
    ["https://eu-west-1.us-east-1.eks.amazonaws.com", undefined],
    ["https://x.cn-north-1.eks.amazonaws.com", undefined],
    ["https://127.0.0.1:6443", undefined],
    ["no URL", undefined],
    [7, undefined],
  ])("of the address %s", (server, region) => {
    expect(knownRegion({ ...NOTHING, env: info(server) })).toBe(region);
  });

  test.each(["", "{", "null", "[]", '{"spec":{}}'])("%j says nothing and does no harm", (text) => {
    expect(knownRegion({ ...NOTHING, env: { KUBERNETES_EXEC_INFO: text } })).toBeUndefined();
  });
});
