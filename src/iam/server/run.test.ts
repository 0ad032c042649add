import { gate } from "../../../test/aws/gate.ts";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import { ACCOUNT, iamServerScene, reviewOf, roleEntry, tokenOf } from "../../../test/aws/iam-server-scene.ts";
import { json } from "../../../test/api-server.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";

const ARN = `arn:aws:iam::${ACCOUNT}:role/Dev`;

/** No time passes between a question to STS and the next; what waits for longer waits. */
const hurried = (system: System): System => ({
  ...system,
  sleep: async (time, signal) => {
    if (time > 1_000) await system.sleep(time, signal);
  },
});

describe("somebody who is mapped", () => {
  test.each(["v1", "v1beta1"] as const)("is named in %s, by all that is known of them", async (version) => {
    await using scene = await iamServerScene();
    const { status, body } = await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"), version);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        apiVersion: `authentication.k8s.io/${version}`,
        kind: "TokenReview",
        status: {
          authenticated: true,
          user: {
            username: "dev:jane",
            uid: `aws-iam-authenticator:${ACCOUNT}:AROADEV`,
            groups: ["devs"],
            extra: {
              arn: [`arn:aws:sts::${ACCOUNT}:assumed-role/Dev/jane`],
              canonicalArn: [ARN],
              sessionName: ["jane"],
              accessKeyId: ["ASIADEVDEVDEVDEVDEV1"],
              principalId: ["AROADEV"],
              "sigs.k8s.io/aws-iam-authenticator/principalId": ["AROADEV"],
            },
          },
        },
      },
    });
    expect(scene.audit).toMatchObject([
      {
        event: "granted",
        username: "dev:jane",
        groups: ["devs"],
        backend: "MountedFile",
        entry: "mapRoles[0]",
        canonicalArn: ARN,
        accessKeyId: "ASIADEVDEVDEVDEVDEV1",
        stsEndpoint: "sts.us-west-2.amazonaws.com",
        source: "sts",
      },
    ]);
    expect(JSON.stringify(scene.audit)).not.toContain("k8s-aws-v1.");
  });

  test.each(["us-west-2", "us-east-1", "global"])("wherever they signed: %s", async (region) => {
    await using scene = await iamServerScene();
    const { body } = await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1", { region }));
    expect(body.status?.authenticated).toBe(true);
  });

  test("by their account, without groups", async () => {
    await using scene = await iamServerScene({ accounts: [ACCOUNT] });
    const { body } = await scene.review(tokenOf("AKIABOBBOBBOBBOBBOB1"));
    expect(body.status?.user?.username).toBe(`arn:aws:iam::${ACCOUNT}:user/bob`);
    expect(body.status?.user).not.toHaveProperty("groups");
  });

  test("of an account that is scrubbed: no ARN and no id goes anywhere", async () => {
    await using scene = await iamServerScene({
      settings: { scrubbed: new Set([ACCOUNT]) },
      entries: [roleEntry({ username: "admin" })],
    });
    const { body } = await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"));
    expect(body.status?.user).toEqual({
      username: "admin",
      uid: "aws-iam-authenticator:administrative:admin",
      groups: ["devs"],
      extra: {},
    });
    await scene.review(tokenOf("AKIABOBBOBBOBBOBBOB1"));
    expect(scene.audit.map(({ event }) => event)).toEqual(["granted", "denied"]);
    expect(JSON.stringify(scene.audit)).not.toMatch(
      /arn:|ASIADEVDEVDEVDEVDEV1|AKIABOBBOBBOBBOBBOB1|AROADEV|AIDABOB|111122223333|jane/,
    );
  });
});

describe("who is refused, and why", () => {
  test.each([
    { name: "not mapped", token: () => tokenOf("AKIABOBBOBBOBBOBBOB1"), code: "IAM_NOT_MAPPED" },
    { name: "of another account", token: () => tokenOf("AKIAFARFARFARFARFAR1"), code: "IAM_NOT_MAPPED" },
    {
      name: "another cluster's token",
      token: () => tokenOf("ASIADEVDEVDEVDEVDEV1", { clusterId: "other" }),
      code: "IAM_STS_REFUSED",
    },
    {
      name: "wrong keys",
      token: () => tokenOf("ASIADEVDEVDEVDEVDEV1", { secret: "x" }),
      code: "IAM_STS_REFUSED",
    },
    { name: "keys that are none", token: () => tokenOf("AKIANONENONENONENON1"), code: "IAM_STS_REFUSED" },
    {
      name: "an old token",
      token: () => tokenOf("ASIADEVDEVDEVDEVDEV1", { now: Date.now() - 16 * 60_000 }),
      code: "IAM_TOKEN_REFUSED",
    },
    { name: "no token at all", token: () => "", code: "IAM_TOKEN_REFUSED" },
  ])("$name: $code", async ({ token, code }) => {
    await using scene = await iamServerScene();
    const { status, body } = await scene.review(token());
    expect(status).toBe(200);
    expect(body.status).toMatchObject({
      authenticated: false,
      error: expect.stringMatching(new RegExp(`^${code}: `)) as string,
    });
    expect(body.status).not.toHaveProperty("user");
    expect(scene.audit).toMatchObject([{ event: "denied", code }]);
    expect(scene.metrics.text()).toContain(`denials_total{code="${code}"} 1`);
  });

  test("as aws-iam-authenticator says it: 403, and 429 where STS throttles", async () => {
    await using scene = await iamServerScene({
      settings: { compatStatus: true },
      sts: {
        instead: (request, response) => {
          if (!(request.url ?? "").includes("AKIABOBBOBBOBBOBBOB1")) return false;
          json(response, 400, { Error: { Code: "Throttling", Message: "Rate exceeded" } });
          return true;
        },
      },
      system: hurried,
    });
    expect(await scene.review("x")).toMatchObject({
      status: 403,
      body: { status: { authenticated: false } },
    });
    expect((await scene.review(tokenOf("AKIAFARFARFARFARFAR1"))).status).toBe(403);
    expect((await scene.review(tokenOf("AKIABOBBOBBOBBOBBOB1"))).status).toBe(429);
  });
});

describe("when nobody can tell", () => {
  const later = async (
    instead: (response: Parameters<typeof json>[0]) => void,
    more: { readonly good?: number } = {},
  ): Promise<{ readonly status: number; readonly asked: number; readonly codes: readonly unknown[] }> => {
    let count = 0;
    await using scene = await iamServerScene({
      sts: {
        instead: (_request, response) => {
          count += 1;
          if (count === more.good) return false;
          instead(response);
          return true;
        },
      },
      system: hurried,
    });
    const { status } = await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"));
    return {
      status,
      asked: scene.sts.asked.length,
      codes: scene.audit.map((line) => line.code ?? line.event),
    };
  };
  const throttled = (response: Parameters<typeof json>[0]): void =>
    json(response, 400, { Error: { Code: "Throttling" } });

  test("STS throttles: it is asked once more, then the API server is told to ask again", async () => {
    expect(await later(throttled)).toEqual({ status: 429, asked: 2, codes: ["IAM_STS_THROTTLED"] });
  });
  test("STS throttles once: nobody notices", async () => {
    expect(await later(throttled, { good: 2 })).toEqual({ status: 200, asked: 2, codes: ["granted"] });
  });
  test("STS has a fault", async () => {
    expect(await later((response) => json(response, 503, {}))).toEqual({
      status: 500,
      asked: 2,
      codes: ["IAM_STS_FAILED"],
    });
  });
  test("STS cannot be reached", async () => {
    const { status, codes } = await later((response) => response.destroy());
    expect({ status, codes }).toEqual({ status: 500, codes: ["IAM_STS_FAILED"] });
  });
  test("a backend was not read yet", async () => {
    await using scene = await iamServerScene();
    scene.backends = [{ name: "EKSConfigMap", lookup: undefined }];
    expect((await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"))).status).toBe(500);
    expect(await scene.ask("/readyz")).toMatchObject({
      status: 503,
      text: "EKSConfigMap was not read yet\n",
    });
    expect(await scene.ask("/healthz")).toMatchObject({ status: 200, text: "ok" });
  });
});

describe("what is no question", () => {
  const big = Buffer.alloc(32 * 1024 * 1024, 0x20);
  test.each([
    { name: "GET", method: "GET", body: undefined, status: 405, text: "expected POST" },
    { name: "no body", method: "POST", body: "", status: 400, text: "expected a request body" },
    { name: "no JSON", method: "POST", body: "not valid json", status: 400, text: "to be a TokenReview" },
    {
      name: "another kind",
      method: "POST",
      body: reviewOf("x").replace("TokenReview", "SubjectAccessReview"),
      status: 400,
      text: "its kind is another",
    },
    {
      name: "another version",
      method: "POST",
      body: reviewOf("x").replace("k8s.io/v1", "k8s.io/v2"),
      status: 400,
      text: "its apiVersion is none of",
    },
    {
      name: "bytes after the JSON",
      method: "POST",
      body: `${reviewOf("x")}{}`,
      status: 400,
      text: "TokenReview",
    },
    { name: "32 MiB", method: "POST", body: big, status: 413, text: "64 KiB at most" },
    {
      name: "depths",
      method: "POST",
      body: `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
      status: 400,
      text: "nested too deeply",
    },
  ])("$name: $status", async ({ method, body, status, text }) => {
    await using scene = await iamServerScene();
    const answer = await scene
      .ask("/authenticate", { method, ...(body === undefined ? {} : { body }) })
      // Whoever still sends may see the connection's end before the answer.
      .catch((error: unknown) =>
        body === big ? { status: 413, text: "64 KiB at most" } : Promise.reject(error as Error),
      );
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
    expect(scene.sts.asked).toEqual([]);
    expect(scene.audit).toEqual([]);
    // It goes on.
    expect((await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"))).body.status?.authenticated).toBe(true);
  });

  test("another path", async () => {
    await using scene = await iamServerScene();
    expect((await scene.ask("/")).status).toBe(404);
  });
});

test("whoever waits at the end gets an answer, and nobody new does", async () => {
  const asked = gate();
  const go = gate();
  await using scene = await iamServerScene({
    sts: {
      instead: async () => {
        asked.open(undefined);
        await go.passed;
        return false;
      },
    },
  });
  const waits = scene.ask("/authenticate", {
    method: "POST",
    body: reviewOf(tokenOf("ASIADEVDEVDEVDEVDEV1")),
  });
  await asked.passed;
  const stopped = scene.stop();
  go.open(undefined);
  expect(await waits).toMatchObject({ status: 200, headers: { connection: "close" } });
  await stopped;
  await expect(scene.ask("/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a certificate that is replaced is shown to whoever connects then, and costs nobody an answer", async () => {
  await using scene = await iamServerScene({
    system: (system) => ({
      ...system,
      sleep: async (time, signal) => await system.sleep(millis(Math.min(time, 20)), signal),
    }),
  });
  const shown = async (): Promise<string> =>
    await new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: scene.port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.once("error", reject);
    });
  const first = await shown();
  await rm(join(scene.stateDir, "cert.pem"));
  await rm(join(scene.stateDir, "key.pem"));
  await expect
    .poll(
      async () => {
        expect((await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"))).status).toBe(200);
        return await shown();
      },
      { timeout: 15_000 },
    )
    .not.toBe(first);
});
