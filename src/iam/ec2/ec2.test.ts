import { describe, expect, test } from "vitest";
import { plainServer } from "../../../test/api-server.ts";
import { KnownError } from "../../base/errors.ts";
import { realSystem, type System } from "../../base/system.ts";
import { clock, settle } from "../../tunnel/far-end.test-d.ts";
import type { ChainHands } from "../token/chain.ts";
import { createInstanceNames } from "./instance-names.ts";
import { readInstances } from "./instances-answer.ts";
import { ec2InstanceNames } from "./instances.ts";

const ID = "i-0c6f21bf1f24f9708";
const NAME = "ip-172-31-27-14.us-west-2.compute.internal";
const answer = (...instances: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>x</requestId><reservationSet>
<item><instancesSet>${instances.join("")}</instancesSet></item></reservationSet></DescribeInstancesResponse>`;
const instance = (id: string, name: string): string =>
  `<item><instanceId>${id}</instanceId><privateDnsName>${name}</privateDnsName><keyName/>
  <networkInterfaceSet><item><privateDnsName>interface.internal</privateDnsName>
  <privateIpAddressesSet><item><privateDnsName>other.internal</privateDnsName></item></privateIpAddressesSet></item>
  </networkInterfaceSet><tagSet><item><key>k</key><value>&lt;instanceId&gt;</value></item></tagSet></item>`;

describe("what EC2 answers", () => {
  test("the name of each instance, and of nothing in it", () => {
    expect(readInstances(answer(instance(ID, NAME), instance("i-2", "b.internal")))).toEqual(
      new Map([
        [ID, NAME],
        ["i-2", "b.internal"],
      ]),
    );
  });

  test("an instance that has ended has none", () => {
    expect(readInstances(answer(instance(ID, "")))).toEqual(new Map());
  });

  test.each([
    ["a name that would be more than one", answer(instance(ID, "a{{AccountID}}"))],
    ["a line break in it", answer(instance(ID, "a\nb"))],
  ])("%s is none", (_name, xml) => {
    expect(readInstances(xml)).toEqual(new Map());
  });

  test.each([
    ["nothing", "", "it is something else"],
    ["another answer", "<html><body></body></html>", "it is something else"],
    ["half of it", answer(instance(ID, NAME)).slice(0, -40), "it is not whole"],
    ["a wrong end", "<a><b></a></b>", "its elements do not match"],
    ["depth", "<a>".repeat(100), "it is nested too deeply"],
  ])("%s cannot be read", (_name, xml, reason) => {
    expect(readInstances(xml)).toBe(reason);
  });
});

describe("questions to EC2", () => {
  const names = (
    system: System,
    answers: (ids: readonly string[]) => ReadonlyMap<string, string> | Error,
  ) => {
    const asked: (readonly string[])[] = [];
    const ask = async (ids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
      asked.push(ids);
      await settle();
      const found = answers(ids);
      if (found instanceof Error) throw found;
      return found;
    };
    return { asked, look: createInstanceNames({ ask, system }) };
  };
  const all = (ids: readonly string[]): ReadonlyMap<string, string> =>
    new Map(ids.map((id) => [id, `name-of-${id}`]));

  test("100 at once make few questions, and one each for the same instance", async () => {
    const { asked, look } = names(clock().system, all);
    const ids = Array.from({ length: 100 }, (_, index) => `i-${index % 50}`);
    expect(await Promise.all(ids.map(async (id) => await look(id)))).toEqual(
      ids.map((id) => `name-of-${id}`),
    );
    expect(asked.map((batch) => batch.length)).toEqual([1, 49]);
  });

  test("a name is remembered for an hour", async () => {
    const { system, advance } = clockOf();
    const { asked, look } = names(system, all);
    await look("i-1");
    await advance(59 * 60_000);
    await look("i-1");
    expect(asked).toHaveLength(1);
    await advance(60_001);
    await look("i-1");
    expect(asked).toHaveLength(2);
  });

  test("one that EC2 does not know is asked for again, but not at once (D12)", async () => {
    const { system, advance } = clockOf();
    let there = false;
    const { asked, look } = names(system, (ids) => (there ? all(ids) : new Map()));
    await expect(look("i-1")).rejects.toMatchObject({
      code: "IAM_INSTANCE_FAILED",
      message: expect.stringContaining("failed to find node i-1") as string,
    });
    there = true;
    await expect(look("i-1")).rejects.toMatchObject({ code: "IAM_INSTANCE_FAILED" });
    expect(asked).toHaveLength(1);
    await advance(10_001);
    expect(await look("i-1")).toBe("name-of-i-1");
  });

  test("an instance that is not known takes no other's name", async () => {
    const { look } = names(clock().system, () => new Map([["i-2", "b"]]));
    const [one, two] = await Promise.allSettled([look("i-1"), look("i-2")]);
    expect([one.status, two.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("a failure is nobody's name, and not remembered", async () => {
    let fault: Error | undefined = new KnownError("IAM_INSTANCE_FAILED", "no");
    const { look } = names(clock().system, (ids) => fault ?? all(ids));
    await expect(look("i-1")).rejects.toThrow("no");
    fault = undefined;
    expect(await look("i-1")).toBe("name-of-i-1");
  });

  test("no more leave than are allowed (D18)", async () => {
    const { system, advance } = clockOf();
    const { asked, look } = names(system, all);
    const looks = (async () => {
      for (let index = 0; index < 20; index++) await look(`i-${index}`);
    })();
    await advance(0);
    await settle();
    await advance(0);
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(asked.length).toBeLessThanOrEqual(6);
    for (let turn = 0; turn < 40; turn++) await advance(67);
    await looks;
    expect(asked).toHaveLength(20);
  });
});

const clockOf = (): { readonly system: System; readonly advance: (time: number) => Promise<void> } => {
  const time = clock();
  return { system: time.system, advance: async (length) => await time.advance(length) };
};

const HANDS: ChainHands = {
  askMfa: () => Promise.reject(new Error("not expected")),
  runProcess: () => Promise.reject(new Error("not expected")),
};

test("a signed question, with a role's keys that the server's own were changed for", async () => {
  const seen: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }[] = [];
  await using server = await plainServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      seen.push({ headers: request.headers, body });
      const credentials = {
        AccessKeyId: "ASIAROLE",
        SecretAccessKey: "secret",
        SessionToken: "session",
        Expiration: Date.now() / 1000 + 3600,
      };
      response.end(
        body.includes("AssumeRole")
          ? JSON.stringify({ AssumeRoleResponse: { AssumeRoleResult: { Credentials: credentials } } })
          : answer(instance(ID, NAME)),
      );
    });
  });
  const system: System = {
    ...realSystem(),
    home: "/nowhere",
    env: {
      AWS_ACCESS_KEY_ID: "AKIAOWN",
      AWS_SECRET_ACCESS_KEY: "own",
      AWS_ENDPOINT_URL: server.url,
      NO_PROXY: "*",
    },
  };
  const look = ec2InstanceNames(
    {
      clusterId: "c",
      region: "us-west-2",
      roleArn: "arn:aws:iam::111122223333:role/Describe",
      sourceArn: "arn:aws:eks:us-west-2:111122223333:cluster/c",
      qps: undefined,
      burst: undefined,
    },
    HANDS,
    system,
  );
  expect(await look(ID)).toBe(NAME);
  expect(seen).toMatchObject([
    {
      headers: {
        "x-amz-source-account": "111122223333",
        "x-amz-source-arn": "arn:aws:eks:us-west-2:111122223333:cluster/c",
        authorization: expect.stringMatching(
          /Credential=AKIAOWN\/.*\/sts\/.*x-amz-source-account;x-amz-source-arn/,
        ) as string,
      },
      body: expect.stringContaining("DurationSeconds=3600") as string,
    },
    {
      headers: {
        authorization: expect.stringMatching(
          /Credential=ASIAROLE\/\d+\/us-west-2\/ec2\/aws4_request/,
        ) as string,
      },
      body: `Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id&Filter.1.Value.1=${ID}`,
    },
  ]);
});
