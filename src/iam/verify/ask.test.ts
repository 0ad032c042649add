import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { quietSystem, secureServer } from "../../../test/api-server.ts";
import { HOST, NOW, RIGHT, urlWith } from "../../../test/vectors/iam-token.ts";
import { connectProxy } from "../../../test/proxies.ts";
import { epochMillis } from "../../base/units.ts";
import { partitionNamed, type Partition } from "../partitions.ts";
import { askSts } from "./ask.ts";
import type { StsAnswer } from "./identity.ts";
import { judgeToken } from "./judge.ts";

const { request } = judgeToken(RIGHT, {
  partition: partitionNamed("aws") as Partition,
  now: epochMillis(NOW),
});

/** An STS of its real name, behind a proxy: no door of the host rule is open for it. */
const ask = async (
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StsAnswer> => {
  await using sts = await secureServer(handler, { names: [HOST] });
  const port = Number(new URL(sts.url).port);
  await using proxy = await connectProxy({ route: () => ({ host: "127.0.0.1", port }) });
  const system = quietSystem({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: "/ca.pem", SSL_CERT_DIR: "/none" });
  const files: typeof system.files = {
    ...system.files,
    read: async (path, limit) =>
      path === "/ca.pem" ? Buffer.from(sts.authority.cert) : await system.files.read(path, limit),
  };
  const answer = await askSts(request, "my-cluster", { ...system, files });
  expect(proxy.asked).toEqual([`${HOST}:443`]);
  return answer;
};

test("STS gets what was signed, with our own cluster id", async () => {
  let seen: IncomingMessage | undefined;
  const answer = await ask((message, response) => {
    seen = message;
    response.writeHead(200).end("{}");
  });
  expect(answer).toEqual({ status: 200, body: "{}" });
  expect(`https://${HOST}${seen?.url}`).toBe(urlWith());
  expect(seen?.headers).toMatchObject({
    host: HOST,
    "x-k8s-aws-id": "my-cluster",
    accept: "application/json",
  });
  expect(seen?.headers).not.toHaveProperty("authorization");
});

test("a redirect is an answer", async () => {
  const answer = await ask((_message, response) =>
    response.writeHead(302, { Location: "https://evil.test/" }).end(),
  );
  expect(answer.status).toBe(302);
});

test("more than 64 KiB are not read", async () => {
  await expect(
    ask((_message, response) => response.writeHead(200).end("x".repeat(64 * 1024 + 1))),
  ).rejects.toMatchObject({
    code: "IAM_STS_FAILED",
    message: expect.stringContaining("larger than 65536 bytes"),
  });
});

test("who cannot be reached is named, and the request is not repeated", async () => {
  const system = quietSystem({ HTTPS_PROXY: "http://127.0.0.1:1" });
  const failed = askSts(request, "my-cluster", system);
  await expect(failed).rejects.toMatchObject({
    code: "IAM_STS_FAILED",
    message: expect.stringMatching(
      /^sts getCallerIdentity failed: error during GET: .* on sts\.us-west-2\.amazonaws\.com endpoint$/,
    ),
  });
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining("Signature") });
});
