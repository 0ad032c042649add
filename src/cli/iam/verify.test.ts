import { describe, expect, test } from "vitest";
import { secureServer } from "../../../test/api-server.ts";
import { awsHome, runIn, type Outcome } from "../../../test/aws/scene.ts";
import { connectProxy } from "../../../test/proxies.ts";
import { HOST, NOW, RIGHT, tokenOf, urlWith } from "../../../test/vectors/iam-token.ts";
import { epochMillis } from "../../base/units.ts";

const at = (time = NOW): { readonly system: { readonly now: () => ReturnType<typeof epochMillis> } } => ({
  system: { now: () => epochMillis(time) },
});
const ROLE = {
  Account: "123456789012",
  Arn: "arn:aws:sts::123456789012:assumed-role/Alice/session-name",
  UserId: "AROAALICE:session-name",
};

/** The command, with an STS of its real name behind a proxy. */
const verify = async (
  line: string,
  answer: { status: number; body: string },
  program = "kauth",
): Promise<Outcome> => {
  await using sts = await secureServer(
    (_request, response) => response.writeHead(answer.status).end(answer.body),
    {
      names: [HOST],
    },
  );
  const port = Number(new URL(sts.url).port);
  await using proxy = await connectProxy({ route: () => ({ host: "127.0.0.1", port }) });
  return await runIn(line, {
    env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: "~/ca.pem", SSL_CERT_DIR: "/none" },
    files: { "ca.pem": sts.authority.cert },
    program,
    ...at(),
  });
};
const somebody = {
  status: 200,
  body: JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult: ROLE } }),
};

describe("verify (iam.md §1.6)", () => {
  test("as JSON, with the reference's keys and indent", async () => {
    const { status, out } = await verify(`iam verify -i c -t ${RIGHT} -o json`, somebody);
    expect({ status, out }).toEqual({
      status: 0,
      out: `{
    "ARN": "${ROLE.Arn}",
    "CanonicalARN": "arn:aws:iam::123456789012:role/Alice",
    "AccountID": "123456789012",
    "UserID": "AROAALICE",
    "SessionName": "session-name",
    "AccessKeyID": "ASIABCDEFGHIJKLMNOPQ",
    "STSEndpoint": "${HOST}"
}`,
    });
  });

  test.each(["", " -o yaml"])("as Go prints it%s", async (more) => {
    const { out } = await verify(`verify -i c -t ${RIGHT}${more}`, somebody, "aws-iam-authenticator");
    expect(out).toBe(
      `&{ARN:${ROLE.Arn} CanonicalARN:arn:aws:iam::123456789012:role/Alice AccountID:123456789012 UserID:AROAALICE SessionName:session-name AccessKeyID:ASIABCDEFGHIJKLMNOPQ STSEndpoint:${HOST}}`,
    );
  });

  test("what STS refuses", async () => {
    const { status, out, err } = await verify(`iam verify -i c -t ${RIGHT}`, { status: 403, body: " " });
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain(
      `could not verify token: sts getCallerIdentity failed: error from AWS (expected 200, got 403) on ${HOST} endpoint. Body:  `,
    );
  });

  test("what is no token", async () => {
    const { status, err } = await runIn("iam verify -i c -t k8s-aws-v2.x");
    expect(status).toBe(1);
    expect(err).toContain(
      'could not verify token: input token was not properly formatted: token is missing expected "k8s-aws-v1." prefix',
    );
  });

  test("another partition", async () => {
    const { err } = await runIn(`iam verify -i c -t ${RIGHT} --partition aws-cn`, at());
    expect(err).toContain('unexpected hostname "sts.us-west-2.amazonaws.com" in pre-signed URL');
  });

  test.each([
    ["iam verify -i c", "error: token not specified"],
    [`iam verify -t ${RIGHT}`, "error: cluster ID not specified"],
    [`iam verify -i c -t ${RIGHT} --partition aws-nk`, 'Cannot use --partition "aws-nk"'],
  ])("%s", async (line, text) => {
    const { status, err } = await runIn(line);
    expect({ status, told: err.includes(text) }).toEqual({ status: 2, told: true });
    const called = line.replace(/^iam /, "");
    expect(await runIn(called, { program: "aws-iam-authenticator" })).toMatchObject({ status: 1 });
  });
});

describe("explain", () => {
  const MAPPING = {
    "m.yaml": "mapRoles: |\n  - {rolearn: arn:aws:iam::111122223333:role/Dev, username: dev, groups: [g]}\n",
  };

  test("every rule of a right token, its clock, its key", async () => {
    const { status, out } = await runIn(`iam explain ${RIGHT} -i my-cluster`, at(NOW + 12_000));
    expect(status).toBe(0);
    expect(out).not.toMatch(/^[✗·]/m);
    expect(out.match(/^✓/gm)).toHaveLength(28);
    expect(out).toContain(
      "clock       signed 2026-01-02T03:04:05.000Z, 12 s ago by this clock; AWS takes it until 2026-01-02T03:19:05.000Z",
    );
    expect(out).toContain("region      us-west-2");
    expect(out).toContain("access key  ASIABCDEFGHIJKLMNOPQ, of keys that end by themselves");
    expect(out).toContain('cluster id  "my-cluster"? it is signed and does not stand in the token');
  });

  test("what is broken, all of it, and what cannot be seen for it", async () => {
    const token = tokenOf(urlWith({ Version: "1", "X-Amz-Date": "20260102T020405Z" }));
    const { status, out } = await runIn(`iam explain ${token}`, at());
    expect(status).toBe(1);
    expect(out).toContain(
      "✗ it is not older than 15 minutes: X-Amz-Date parameter is expired (15 minute expiration)",
    );
    expect(out).toContain('✗ Version is 2011-06-15: unexpected Version parameter in pre-signed URL: "1"');
    expect((await runIn("iam explain k8s-aws-v1.aGk")).out).toMatch(/^· /m);
  });

  test("a clock that differs", async () => {
    const { out } = await runIn(`iam explain ${RIGHT}`, at(NOW - 400_000));
    expect(out).toContain("400 s ahead of this clock");
    expect(out).toContain("✗ the date is not more than 5 minutes ahead");
  });

  test("who that would be, and who nearly", async () => {
    await using home = await awsHome();
    const look = async (arn: string) =>
      await home.run(`iam explain ${RIGHT} --mapping ~/m.yaml --arn arn:aws:iam::${arn}`, {
        files: MAPPING,
        ...at(),
      });
    expect(await look("111122223333:role/Dev")).toMatchObject({
      status: 0,
      out: expect.stringContaining(
        "is          dev\ngroups      g\nby          mapRoles[0], arn:aws:iam::111122223333:role/Dev",
      ) as string,
    });
    expect(await look("111122223333:role/Dav")).toMatchObject({
      status: 1,
      out: expect.stringContaining(
        'nearly      dev, by mapRoles[0], arn:aws:iam::111122223333:role/Dev: its name is "dev"',
      ) as string,
    });
  });

  test("without an ARN the account that the key says it is of", async () => {
    const key = "ASIAQNZGKIQY56JQ7WML";
    const token = tokenOf(
      urlWith({ "X-Amz-Credential": `${key}%2F20260102%2Fus-west-2%2Fsts%2Faws4_request` }),
    );
    const files = { "m.yaml": MAPPING["m.yaml"].replace("111122223333", "029608264753") };
    const { out } = await runIn(`iam explain ${token} --mapping ~/m.yaml`, { files, ...at() });
    expect(out).toContain(
      `access key  ${key}, of keys that end by themselves, of account 029608264753 as it says itself`,
    );
    expect(out).toContain("perhaps     dev, by mapRoles[0]");
  });

  test("as JSON, without a secret", async () => {
    const { out } = await runIn(`iam explain ${RIGHT} -o json`, at());
    expect(JSON.parse(out)).toMatchObject({
      right: true,
      token: { host: HOST, region: "us-west-2", age: 0, temporary: true },
    });
    expect(out).not.toContain("0123456789abcdef");
    expect(out).not.toContain("FwoGZXIvYXdz");
  });

  test.each(["iam explain", "iam explain a b", `iam explain ${RIGHT} --arn x`])(
    "%s cannot be",
    async (line) => {
      expect(await runIn(line)).toMatchObject({ status: 2, out: "" });
    },
  );
});
