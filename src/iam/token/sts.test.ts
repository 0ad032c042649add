import * as crypto from "node:crypto";
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { json, plainServer, quietSystem, secureServer } from "../../../test/api-server.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis, seconds } from "../../base/units.ts";
import type { RoleWish } from "./plan.ts";
import type { SigningKeys } from "./sigv4.ts";
import { assumeRole, assumeRoleWithWebIdentity, callerUserId, type StsCall } from "./sts.ts";

const KEYS: SigningKeys = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: new Secret("base-secret"),
  sessionToken: new Secret("base-session"),
};

const ROLE: RoleWish = {
  arn: "arn:aws:iam::111122223333:role/R",
  externalId: undefined,
  sessionName: undefined,
  mfaSerial: undefined,
  duration: undefined,
  tags: [],
  transitiveTags: [],
  sourceIdentity: undefined,
};

const NOW = epochMillis(Date.parse("2026-01-02T03:04:05Z"));
const GIVEN = { AccessKeyId: "ASIANEW", SecretAccessKey: "new-secret", SessionToken: "new-session" };
const answerOf = (action: string, result: unknown): unknown => ({
  [`${action}Response`]: { [`${action}Result`]: result },
});
const ROLE_ANSWER = answerOf("AssumeRole", { Credentials: { ...GIVEN, Expiration: 1_800_000_000 } });

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};

interface Asked {
  readonly request: IncomingMessage;
  readonly body: string;
}

interface Sts extends AsyncDisposable {
  readonly call: StsCall;
  readonly asked: readonly Asked[];
}

/** An STS on the loopback that answers everything the same. */
const sts = async (status: number, answer: unknown): Promise<Sts> => {
  const asked: Asked[] = [];
  const served = await plainServer((request, response) => {
    void bodyOf(request).then((body) => {
      asked.push({ request, body });
      if (typeof answer === "string") response.writeHead(status).end(answer);
      else json(response, status, answer);
    });
  });
  const endpoint = { scheme: "http", host: `127.0.0.1:${served.port}`, signingRegion: "eu-west-1" } as const;
  return {
    asked,
    call: { endpoint, system: { ...quietSystem(), now: () => NOW } },
    [Symbol.asyncDispose]: async () => await served[Symbol.asyncDispose](),
  };
};

/** Signs what arrived once more, from the documentation's words alone. */
const signatureOf = ({ request, body }: Asked, secret: string): string => {
  const hash = (text: string): string => crypto.createHash("sha256").update(text).digest("hex");
  const hmac = (key: crypto.BinaryLike, text: string): Buffer =>
    crypto.createHmac("sha256", key).update(text).digest();
  const names = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name])}\n`);
  const canonical = ["POST", "/", "", headers.join(""), names, hash(body)].join("\n");
  const scope = ["20260102", "eu-west-1", "sts", "aws4_request"];
  const text = `AWS4-HMAC-SHA256\n20260102T030405Z\n${scope.join("/")}\n${hash(canonical)}`;
  return hmac(scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)), text).toString("hex");
};

describe("a role's keys", () => {
  test("are asked for by a signed request, and read", async () => {
    await using served = await sts(200, ROLE_ANSWER);
    const { keys, expiresAt } = await assumeRole(ROLE, KEYS, served.call);
    expect(keys.accessKeyId).toBe("ASIANEW");
    expect(keys.secretAccessKey.reveal()).toBe("new-secret");
    expect(keys.sessionToken?.reveal()).toBe("new-session");
    expect(expiresAt).toBe(1_800_000_000_000);
    const [asked] = served.asked;
    if (asked === undefined) throw new Error("nothing was asked");
    expect(asked.request.headers).toMatchObject({
      accept: "application/json",
      "x-amz-date": "20260102T030405Z",
      "x-amz-security-token": "base-session",
      authorization: expect.stringContaining(
        "Credential=AKIDEXAMPLE/20260102/eu-west-1/sts/aws4_request, SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token, ",
      ) as string,
    });
    expect(asked.request.headers.authorization).toMatch(
      new RegExp(`Signature=${signatureOf(asked, "base-secret")}$`),
    );
    expect(Object.fromEntries(new URLSearchParams(asked.body))).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: ROLE.arn,
      RoleSessionName: `kauth-${NOW}`,
      DurationSeconds: "900",
    });
  });

  test("with all that may be said of it", async () => {
    await using served = await sts(200, ROLE_ANSWER);
    const role: RoleWish = {
      ...ROLE,
      externalId: "e&x=1",
      sessionName: "me@example.com",
      mfaSerial: "arn:aws:iam::111122223333:mfa/me",
      duration: seconds(3600),
      tags: [
        ["team", "a b"],
        ["cost", "+"],
      ],
      transitiveTags: ["team"],
      sourceIdentity: "me",
    };
    await assumeRole(role, KEYS, { ...served.call, mfaCode: new Secret("123456") });
    expect(Object.fromEntries(new URLSearchParams(served.asked[0]?.body))).toMatchObject({
      ExternalId: "e&x=1",
      RoleSessionName: "me@example.com",
      SerialNumber: "arn:aws:iam::111122223333:mfa/me",
      TokenCode: "123456",
      DurationSeconds: "3600",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "a b",
      "Tags.member.2.Key": "cost",
      "Tags.member.2.Value": "+",
      "TransitiveTagKeys.member.1": "team",
      SourceIdentity: "me",
    });
  });

  test("for a web identity nothing is signed", async () => {
    const answer = answerOf("AssumeRoleWithWebIdentity", {
      Credentials: { ...GIVEN, Expiration: "2026-01-02T04:04:05Z" },
    });
    await using served = await sts(200, answer);
    const identity = { roleArn: ROLE.arn, sessionName: "s", token: new Secret("e.y.J") };
    const { expiresAt } = await assumeRoleWithWebIdentity(identity, served.call);
    expect(expiresAt).toBe(Date.parse("2026-01-02T04:04:05Z"));
    expect(served.asked[0]?.request.headers.authorization).toBeUndefined();
    expect(new URLSearchParams(served.asked[0]?.body).get("WebIdentityToken")).toBe("e.y.J");
  });

  test("who has keys", async () => {
    await using served = await sts(200, answerOf("GetCallerIdentity", { UserId: "AROAX:me" }));
    expect(await callerUserId(KEYS, served.call)).toBe("AROAX:me");
  });

  test("over TLS, with an authority that was named", async () => {
    await using served = await secureServer((_request, response) => json(response, 200, ROLE_ANSWER));
    const endpoint = { scheme: "https", host: `127.0.0.1:${served.port}`, signingRegion: "r" } as const;
    const call: StsCall = { endpoint, system: quietSystem(), ca: served.authority.cert };
    expect((await assumeRole(ROLE, KEYS, call)).keys.accessKeyId).toBe("ASIANEW");
    await expect(assumeRole(ROLE, KEYS, { endpoint, system: quietSystem() })).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
    });
  });
});

describe("what STS may answer instead", () => {
  const refusal = { Error: { Code: "AccessDenied", Message: "not you\u001b[31m", Type: "Sender" } };
  test.each([
    ["no", 403, refusal, "AWS_STS_REFUSED", /answered 403, AccessDenied: not you\?\[31m$/],
    ["no, in XML", 403, "<ErrorResponse/>", "AWS_STS_REFUSED", /answered 403$/],
    ["a way elsewhere", 302, "", "AWS_STS_REFUSED", /answered 302$/],
    ["no JSON", 200, "new-secret", "AWS_ANSWER_INVALID", /it is no JSON$/],
    [
      "something else",
      200,
      answerOf("Other", {}),
      "AWS_ANSWER_INVALID",
      /AssumeRoleResponse must be an object/,
    ],
    [
      "half the keys",
      200,
      answerOf("AssumeRole", { Credentials: { ...GIVEN, SessionToken: undefined, Expiration: 1 } }),
      "AWS_ANSWER_INVALID",
      /SessionToken must be text, not missing$/,
    ],
    [
      "no time",
      200,
      answerOf("AssumeRole", { Credentials: { ...GIVEN, Expiration: 1e300 } }),
      "AWS_ANSWER_INVALID",
      /Expiration must be a time/,
    ],
    ["too much", 200, `"${"a".repeat(65 * 1024)}"`, "ANSWER_TOO_LARGE", /larger than 65536/],
  ])("%s", async (_name, status, answer, code, message) => {
    await using served = await sts(status, answer);
    const failure = assumeRole(ROLE, KEYS, served.call);
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    await expect(failure).rejects.not.toMatchObject({
      message: expect.stringContaining("new-secret") as string,
    });
  });

  test("nothing: a signal ends the wait", async () => {
    const stop = new AbortController();
    await using served = await plainServer(() => stop.abort(new Error("enough")));
    const endpoint = { scheme: "http", host: `127.0.0.1:${served.port}`, signingRegion: "r" } as const;
    const call: StsCall = { endpoint, system: quietSystem(), signal: stop.signal };
    await expect(assumeRole(ROLE, KEYS, call)).rejects.toThrow("enough");
  });
});
