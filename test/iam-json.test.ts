import { expect, test } from "vitest";
import { IAM_DOCUMENTS } from "../tools/json-iam.ts";
import { unlike } from "../tools/json-document.ts";
import { epochMillis } from "../src/base/units.ts";
import { secureServer } from "./api-server.ts";
import { awsHome, type AwsScene, type Home } from "./aws/scene.ts";
import { fakeSts } from "./aws/services.ts";
import { connectProxy } from "./proxies.ts";
import { HOST, NOW, RIGHT } from "./vectors/iam-token.ts";

/** docs/json.md says what `kauth iam` really writes. */

const expectDocumented = async (
  home: Home,
  command: string,
  words = "",
  scene: AwsScene = {},
): Promise<void> => {
  const { out, err } = await home.run(`iam ${command} ${words} -o json`, scene);
  const printed: unknown = JSON.parse(out || "null");
  expect(printed, err).toBeTypeOf("object");
  const of = IAM_DOCUMENTS[`iam ${command}`];
  expect(of === undefined ? [command] : unlike(of, printed), `${command}: ${out}`).toEqual([]);
};

const ROLE = "arn:aws:iam::123456789012:role/Alice";
const mapping = (...roles: readonly string[]): string =>
  [
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata: { name: aws-auth, namespace: kube-system }",
    "data:",
    "  mapRoles: |",
    ...roles.map((role) => `    - { rolearn: "${role}", username: dev, groups: [system:masters] }`),
    "",
  ].join("\n");
const FILES = {
  "a.yaml": mapping(ROLE, "garbage"),
  "b.yaml": mapping(ROLE.toLowerCase().replace("alice", "bob")),
};
const NOON = { system: { now: () => epochMillis(NOW) } };

test("docs/json.md says what version and the commands of mappings write", async () => {
  await using home = await awsHome();
  await expectDocumented(home, "version");
  await expectDocumented(home, "mapping lint", "~/a.yaml ~/b.yaml", { files: FILES });
  await expectDocumented(home, "mapping test", `~/a.yaml --arn ${ROLE}`);
  await expectDocumented(home, "mapping test", `~/b.yaml --arn ${ROLE.replace("Alice", "team/Bob")}`);
  await expectDocumented(home, "mapping diff", "~/a.yaml ~/b.yaml");
});

test("docs/json.md says what explain writes of a good token, and of none", async () => {
  await using home = await awsHome();
  const more = `--mapping ~/a.yaml --arn ${ROLE} -i c`;
  await expectDocumented(home, "explain", `${RIGHT} ${more}`, { ...NOON, files: FILES });
  await expectDocumented(home, "explain", "k8s-aws-v1.x");
});

test("docs/json.md says what cache list writes of keys and of tokens", async () => {
  await using sts = await fakeSts({ AKIAENV: { secret: "e" } }, NOW + 3_600_000);
  await using home = await awsHome();
  const env = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e", AWS_ENDPOINT_URL_STS: sts.url };
  const scene = { env, ...NOON };
  await home.run(`iam token -i c --region eu-west-1 -r ${ROLE}`, scene);
  const { out } = await home.run("iam cache list -o json", scene);
  expect((JSON.parse(out) as { kind: string }[]).map(({ kind }) => kind).toSorted()).toEqual([
    "keys",
    "token",
  ]);
  await expectDocumented(home, "cache list", "", scene);
});

test("docs/json.md says what verify writes", async () => {
  const GetCallerIdentityResult = {
    Account: "123456789012",
    Arn: "arn:aws:sts::123456789012:assumed-role/Alice/session-name",
    UserId: "AROAALICE:session-name",
  };
  const body = JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult } });
  await using sts = await secureServer((_request, response) => response.end(body), { names: [HOST] });
  const port = Number(new URL(sts.url).port);
  await using proxy = await connectProxy({ route: () => ({ host: "127.0.0.1", port }) });
  await using home = await awsHome();
  await expectDocumented(home, "verify", `-i c -t ${RIGHT}`, {
    env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: "~/ca.pem", SSL_CERT_DIR: "/none" },
    files: { "ca.pem": sts.authority.cert },
    ...NOON,
  });
});
