import { describe, expect, test } from "vitest";
import { runIn, tokenOf, type AwsScene } from "../../../test/aws/scene.ts";
import { awsService, type AwsService } from "../../../test/aws/services.ts";
import { epochMillis } from "../../base/units.ts";

const LINE = "iam token -i c --region eu-west-1";
const OFF = { AWS_EC2_METADATA_DISABLED: "true" };
/** The clock, where something is over at a time. */
const NOW = Date.parse("2026-05-01T12:00:00Z");
const at = (time: number): NonNullable<AwsScene["system"]> => ({ now: () => epochMillis(time) });

describe("a machine", () => {
  const DOCUMENT = {
    Code: "Success",
    AccessKeyId: "ASIAVM",
    SecretAccessKey: "x",
    Token: "t",
    Expiration: "2026-05-01T18:00:00Z",
  };
  const imds = async (document: unknown = DOCUMENT): Promise<AwsService> =>
    await awsService(({ method, path, headers }) => {
      if (method === "PUT" && path === "/latest/api/token")
        return headers["x-aws-ec2-metadata-token-ttl-seconds"] === "60"
          ? { text: "session-1" }
          : { status: 400, text: "" };
      if (headers["x-aws-ec2-metadata-token"] !== "session-1") return { status: 401, text: "" };
      if (path === "/latest/meta-data/iam/security-credentials/") return { text: "the-role" };
      if (path === "/latest/meta-data/iam/security-credentials/the-role") return { json: document };
      return path === "/latest/meta-data/placement/region" ? { text: "eu-south-2" } : undefined;
    });
  const envOf = ({ url }: AwsService): Record<string, string> => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });

  test("its role's keys and its region, by IMDSv2", async () => {
    await using service = await imds();
    const outcome = await runIn("iam token -i c", { env: envOf(service), system: at(NOW) });
    expect(tokenOf(outcome)).toMatchObject({ keyId: "ASIAVM", session: "t", region: "eu-south-2" });
  });

  test("is never asked through a proxy", async () => {
    await using proxy = await awsService(() => ({ status: 500, text: "" }));
    const env = { HTTP_PROXY: proxy.url, http_proxy: proxy.url };
    expect((await runIn(LINE, { env })).err).toContain("Cannot find keys of AWS");
    expect(proxy.asked).toEqual([]);
  });

  test("is not asked where keys and region are known, nor where that is forbidden", async () => {
    await using service = await imds();
    const keys = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e" };
    await runIn(LINE, { env: { ...envOf(service), ...keys } });
    await runIn("iam token -i c", { env: { ...envOf(service), ...keys, ...OFF } });
    await runIn("iam token -i c", { env: { ...envOf(service), AWS_EC2_METADATA_DISABLED: "TRUE" } });
    expect(service.asked).toEqual([]);
  });

  test.each([
    {
      name: "no role",
      service: async () => await awsService(({ method }) => ({ text: method === "PUT" ? "t" : "" })),
      says: "it names no role",
    },
    {
      name: "a role whose name is a path",
      service: async () => await awsService(({ method }) => ({ text: method === "PUT" ? "t" : "../../x" })),
      says: "it names no role",
    },
    {
      name: "a failure",
      service: async () => await imds({ Code: "AssumeRoleUnauthorizedAccess" }),
      says: 'it answered "AssumeRoleUnauthorizedAccess"',
    },
    {
      name: "no JSON",
      service: async () =>
        await awsService(({ method, path }) => ({
          text: method === "PUT" ? "t" : path.endsWith("/") ? "role" : "very-secret",
        })),
      says: "is no JSON",
    },
    {
      name: "an old service",
      service: async () => await awsService(() => undefined),
      says: "/latest/api/token answered 404",
    },
  ])("$name", async ({ service: start, says }) => {
    await using service = await start();
    const { status, out, err } = await runIn(LINE, { env: envOf(service) });
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain(says);
    expect(err).not.toContain("very-secret");
  });

  test("that never answers is waited for a second, and the region is us-east-1 then", async () => {
    await using silent = await awsService(async () => await new Promise(() => undefined));
    const keys = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e" };
    const outcome = await runIn("iam token -i c -v", { env: { ...envOf(silent), ...keys } });
    expect(tokenOf(outcome)).toMatchObject({ keyId: "AKIAENV", region: "us-east-1" });
    expect(outcome.err).toContain(
      "failed to get region from IMDS for token generation, defaulting to us-east-1. imds error: ",
    );
    expect(outcome.err).toContain("none came in time");
  });
});
