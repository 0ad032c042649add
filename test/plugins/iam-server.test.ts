import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerIdentitySts, type CallerIdentitySts } from "../aws/caller-identity.ts";
import { freePort } from "../aws/free-port.ts";
import { startIamServer, type IamServerProgram } from "../aws/iam-server-program.ts";
import {
  ACCOUNT,
  CLUSTER_ID,
  PEOPLE,
  reviewOf,
  tokenOf,
  type ReviewAnswer,
} from "../aws/iam-server-scene.ts";
import { kauth } from "../program.ts";

const run = promisify(execFile);
const REFERENCE = process.env["KAUTH_TEST_AWS_IAM_AUTHENTICATOR"] ?? "";
if (REFERENCE === "")
  process.stdout.write("aws-iam-authenticator is not here: its server and ours are not compared\n");

const DEV = "ASIADEVDEVDEVDEVDEV1";
const BOB = "AKIABOBBOBBOBBOBBOB1";
const FAR = "AKIAFARFARFARFARFAR1";
const CONFIG = `clusterID: ${CLUSTER_ID}
server:
  mapRoles:
  - roleARN: arn:aws:iam::${ACCOUNT}:role/Dev
    username: dev:{{SessionName}}
    groups: [devs, "acct-{{AccountID}}"]
  mapAccounts: ["999988887777"]
`;

const QUALIFIED = "sigs.k8s.io/aws-iam-authenticator/principalId";

/** Nobody asks for the machine's region, which is slow where there is no machine of AWS's. */
const NO_MACHINE = { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1", AWS_REGION: "us-west-2" };

describe.runIf(REFERENCE !== "")("aws-iam-authenticator and kauth, of the same configuration", () => {
  let directory: string;
  let sts: CallerIdentitySts;
  const servers: { readonly program: IamServerProgram; readonly port: number }[] = [];
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kauth-iam-both-"));
    sts = await callerIdentitySts({ people: PEOPLE, clusterId: CLUSTER_ID });
    await writeFile(join(directory, "config.yaml"), CONFIG);
    for (const { program, ready, more } of [
      { program: [REFERENCE, "server"], ready: /listening on|starting server/i, more: [] },
      { program: undefined, ready: undefined, more: ["--compat-status"] },
    ]) {
      const port = await freePort();
      const state = join(directory, `state-${port}`);
      await run("mkdir", [state]);
      const args = [
        "-c",
        join(directory, "config.yaml"),
        "--port",
        String(port),
        "--state-dir",
        state,
        "--generate-kubeconfig",
        join(state, "kubeconfig.yaml"),
        ...more,
      ];
      servers.push({
        port,
        program: await startIamServer({
          args,
          env: { ...sts.env, ...NO_MACHINE },
          ...(program === undefined ? {} : { program }),
          ...(ready === undefined ? {} : { ready }),
        }),
      });
    }
  });

  afterAll(async () => {
    agent.destroy();
    for (const { program } of servers) {
      // The reference does nothing at SIGTERM (its defect D7).
      if (program.child.spawnfile === REFERENCE) program.child.kill("SIGKILL");
      await program[Symbol.asyncDispose]();
    }
    await sts?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const ask = async (
    port: number,
    body: string,
    method = "POST",
  ): Promise<{ readonly status: number; readonly text: string }> =>
    await new Promise((resolve, reject) => {
      const sent = httpsRequest(
        { host: "127.0.0.1", port, path: "/authenticate", method, agent },
        (response) => {
          let text = "";
          response.on("data", (part: Buffer) => (text += part.toString()));
          response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      sent.once("error", reject);
      sent.end(body);
    });
  const userOf = (text: string): ReviewAnswer["status"] =>
    text.startsWith("{") ? (JSON.parse(text) as ReviewAnswer).status : undefined;

  test.each([
    { name: "a role", token: () => tokenOf(DEV), status: 200 },
    { name: "a role, at the global host", token: () => tokenOf(DEV, { region: "global" }), status: 200 },
    { name: "an account", token: () => tokenOf(FAR), status: 200 },
    { name: "not mapped", token: () => tokenOf(BOB), status: 403 },
    { name: "another cluster", token: () => tokenOf(DEV, { clusterId: "other" }), status: 403 },
    { name: "wrong keys", token: () => tokenOf(DEV, { secret: "x" }), status: 403 },
    { name: "an old token", token: () => tokenOf(DEV, { now: Date.now() - 20 * 60_000 }), status: 403 },
    { name: "no token", token: () => "", status: 403 },
    { name: "a token of another kind", token: () => "eyJhbGciOiJub25lIn0.e30.", status: 403 },
  ])("$name: both say $status and the same user", async ({ token, status }) => {
    const text = token();
    const answers = [];
    for (const { port } of servers) answers.push(await ask(port, reviewOf(text, "v1beta1")));
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
    const [theirs, ours] = answers.map((answer) => userOf(answer.text));
    const { extra: { [QUALIFIED]: qualified, ...extra } = {}, ...user } = ours?.user ?? {};
    const known = Object.keys(extra).length === 0 ? {} : { extra };
    expect({ ...user, ...known }).toEqual(theirs?.user ?? {});
    // A row of the 0.7 line, which 0.6.13 does not have yet.
    expect(qualified).toEqual(extra["principalId"]);
    expect(ours?.authenticated ?? false).toBe(theirs?.authenticated ?? false);
    expect(ours?.authenticated).toBe(status === 200);
  });

  test.each([
    { name: "GET", method: "GET", body: "", status: 405 },
    { name: "no JSON", method: "POST", body: "not valid json", status: 400 },
  ])("$name: both say $status, in the same words", async ({ method, body, status }) => {
    const answers = [];
    for (const { port } of servers) answers.push(await ask(port, body, method));
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
    const [theirs, ours] = answers.map(({ text }) => text.trim());
    expect(ours).toBe(theirs);
  });

  test("no body: both say 400, and ours says which of its two reasons it is", async () => {
    const answers = [];
    for (const { port } of servers) answers.push(await ask(port, ""));
    expect(answers.map(({ status, text }) => [status, text.trim()])).toEqual([
      // Of its two texts a client never sees the other one: Go gives every request a body.
      [400, "expected a request body to be a TokenReview"],
      [400, "expected a request body"],
    ]);
  });

  test.each([
    { name: "another kind", body: () => reviewOf(tokenOf(DEV)).replace("TokenReview", "Pod") },
    { name: "bytes after the JSON", body: () => `${reviewOf(tokenOf(DEV))} and more` },
    { name: "another version", body: () => reviewOf(tokenOf(DEV)).replace("k8s.io/v1", "k8s.io/v9") },
  ])("$name: the reference takes it, and kauth does not", async ({ body }) => {
    const text = body();
    const answers = [];
    for (const { port } of servers) answers.push(await ask(port, text));
    expect(answers.map((answer) => answer.status)).toEqual([200, 400]);
  });

  test("the reference's kubeconfig leads to it as ours leads to us", async () => {
    for (const { port } of servers) {
      const text = await readFile(join(directory, `state-${port}`, "kubeconfig.yaml"), "utf8");
      expect(text).toContain(`server: https://localhost:${port}/authenticate`);
      expect(text).toContain("certificate-authority-data: ");
    }
  });

  test("a certificate that the reference made is taken as it is", async () => {
    const [theirs] = servers;
    const state = join(directory, `state-${theirs?.port}`);
    const before = await readFile(join(state, "cert.pem"), "utf8");
    await using program = await startIamServer({
      args: [
        "-c",
        join(directory, "config.yaml"),
        "--port",
        "0",
        "--state-dir",
        state,
        "--generate-kubeconfig",
        join(directory, "again.yaml"),
      ],
      env: sts.env,
    });
    expect(await program.stop()).toBe(0);
    expect(await readFile(join(state, "cert.pem"), "utf8")).toBe(before);
    expect(await readFile(join(directory, "again.yaml"), "utf8")).toContain(
      Buffer.from(before).toString("base64"),
    );
  });

  test("the reference verifies our token", async () => {
    const { stdout } = await run(REFERENCE, ["verify", "-t", tokenOf(DEV), "-i", CLUSTER_ID, "-o", "json"], {
      env: { PATH: process.env["PATH"], ...sts.env, ...NO_MACHINE },
    });
    expect(JSON.parse(stdout.slice(stdout.indexOf("{")))).toMatchObject({
      ARN: PEOPLE[DEV]?.arn,
      CanonicalARN: `arn:aws:iam::${ACCOUNT}:role/Dev`,
      SessionName: "jane",
    });
  });

  test("our server takes the reference's token, and its server ours", async () => {
    const env = {
      ...NO_MACHINE,
      AWS_ACCESS_KEY_ID: DEV,
      AWS_SECRET_ACCESS_KEY: PEOPLE[DEV]?.secret ?? "",
      AWS_SESSION_TOKEN: PEOPLE[DEV]?.session ?? "",
      AWS_STS_REGIONAL_ENDPOINTS: "regional",
    };
    const theirs = await run(REFERENCE, ["token", "-i", CLUSTER_ID, "--token-only"], {
      env: { PATH: process.env["PATH"], HOME: directory, ...env },
    });
    const ours = await kauth(["iam", "token", "-i", CLUSTER_ID, "--token-only"], env);
    for (const token of [theirs.stdout.trim(), ours.stdout.trim()])
      for (const { port } of servers) {
        const { status, text } = await ask(port, reviewOf(token, "v1beta1"));
        expect(status).toBe(200);
        expect(userOf(text)?.user?.username).toBe("dev:jane");
      }
  });
});
