import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../test/opened.ts";
import { kauth } from "../test/program.ts";
import { openKit, type AuditEvent, type Kit } from "./kit.ts";

/** Rights of the person with the client certificate, and a ServiceAccount, which are this test's alone. */
const NAME = "kauth-e2e-account";
const USER = `system:serviceaccount:apps:${NAME}`;

let kit: Kit;
const forget = async (): Promise<unknown> =>
  await kit.admin(
    "delete",
    "role,rolebinding,serviceaccount",
    NAME,
    `${NAME}-token`,
    "-n",
    "apps",
    "--ignore-not-found",
  );

beforeAll(async () => {
  kit = await openKit();
  await forget();
  await kit.admin("create", "serviceaccount", NAME, "-n", "apps");
  await kit.admin("create", "role", NAME, "-n", "apps", "--verb=create,get", "--resource=pods/portforward");
  await kit.admin("create", "rolebinding", NAME, "-n", "apps", `--role=${NAME}`, "--group=certs");
});
afterAll(forget);

const words = (): readonly string[] => [
  "svc/ui:http",
  "-n",
  "apps",
  "--kubeconfig",
  kit.kubeconfig("cert-user"),
];
const AS = ["--service-account", `apps/${NAME}`];

const allow = async (): Promise<void> => {
  const token = `${NAME}-token`;
  const rule = ["--verb=create", "--resource=serviceaccounts/token", `--resource-name=${NAME}`];
  await kit.admin("create", "role", token, "-n", "apps", ...rule);
  await kit.admin("create", "rolebinding", token, "-n", "apps", `--role=${token}`, "--group=certs");
};

const by = (events: readonly AuditEvent[], part: string): readonly AuditEvent[] =>
  events.filter(({ uri, stage }) => stage !== "RequestReceived" && uri.includes(part));

describe("D.4: a token in the pod for somebody who has none", () => {
  test("it is never done unasked: what stands in the way, and what to do", async () => {
    const from = await kit.auditSize();
    const { code, stderr } = await kauth([
      "open",
      ...words(),
      "--skip-open-browser",
      "--address",
      "127.0.0.1:0",
    ]);
    expect(code, stderr).toBe(2);
    expect(stderr).toContain("NO_BEARER_TOKEN");
    expect(stderr).toContain("--service-account NAMESPACE/NAME");
    expect(by(await kit.audit(from), `/serviceaccounts/${NAME}/token`)).toEqual([]);
  });

  test("without the right to make tokens it is named", async () => {
    const { code, stderr } = await kauth([
      "open",
      ...words(),
      ...AS,
      "--skip-open-browser",
      "--address",
      "127.0.0.1:0",
    ]);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain("FORBIDDEN");
    expect(stderr).toContain(`create serviceaccounts/token "${NAME}" in namespace "apps"`);
  });

  test("the ServiceAccount inside, the person at the port-forward, and the token nowhere", async () => {
    await allow();
    const from = await kit.auditSize();
    await using ui = await open([...words(), ...AS, "-v=1"]);
    expect(await ui.json("/api/me")).toMatchObject({ user: USER, authorizationHeaderCount: 1 });
    expect(ui.ready).toMatchObject({
      user: "cert-user",
      method: "certificate",
      serviceAccount: `apps/${NAME}`,
    });

    const events = await kit.audit(from);
    const asked = by(events, `/serviceaccounts/${NAME}/token`);
    expect(asked.map(({ user, verb, code }) => [user, verb, code])).toEqual([["cert-user", "create", 201]]);
    const forwarded = by(events, "/portforward");
    expect(forwarded.length).toBeGreaterThan(0);
    expect(new Set(forwarded.map(({ user }) => user))).toEqual(new Set(["cert-user"]));
    const inside = events.filter(({ userAgent }) => userAgent === "kauth-cluster-app");
    expect(new Set(inside.map(({ user }) => user))).toEqual(new Set([USER]));

    // The jti that is logged is the one that the API server says it has issued.
    const jti = /jti ([0-9a-f-]+)/.exec(ui.stderr())?.[1] ?? "none";
    expect(asked[0]?.line).toContain(`"authentication.kubernetes.io/issued-credential-id":"JTI=${jti}"`);

    const echo = JSON.parse((await ui.fetch({ path: "/echo" })).text) as Record<string, unknown>;
    const token = /Bearer ([\w.-]+)/.exec(JSON.stringify(echo))?.[1] ?? "none";
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
      string,
      number
    >;
    expect((claims["exp"] ?? 0) - (claims["iat"] ?? 0)).toBe(600);
    expect(`${ui.stdout()}${ui.stderr()}`).not.toContain(token);
    const grep = await promisify(execFile)("grep", ["-rlF", token, ui.home]).catch((error: unknown) => error);
    expect(grep).toMatchObject({ code: 1 });
    for (const each of [...asked, ...forwarded.slice(0, 1), ...inside.slice(0, 1)])
      process.stdout.write(`${each.line}\n`);
  });

  test("an account that was made anew is another one: nothing more is sent", async () => {
    await using ui = await open([...words(), ...AS]);
    expect(await ui.json("/api/me")).toMatchObject({ user: USER });
    await kit.admin("delete", "serviceaccount", NAME, "-n", "apps");
    await kit.admin("create", "serviceaccount", NAME, "-n", "apps");
    // The API server keeps a token that it has taken for ten seconds.
    await expect
      .poll(async () => (await ui.fetch({ path: "/api/me" })).status, { timeout: 30_000, interval: 1_000 })
      .not.toBe(200);
    const changed = await ui.event("identity");
    expect(changed).toMatchObject({ from: USER, to: `${USER}, with another UID or other groups` });
    expect((await ui.fetch({ path: "/api/me" })).status).not.toBe(200);
  });

  test.each([
    [["--anonymous"], "--anonymous"],
    [["--leg", "direct"], "--leg direct"],
    [["--as", "alice"], "impersonation"],
  ])("it contradicts %j", async (more, says) => {
    const from = await kit.auditSize();
    const { code, stderr } = await kauth(["open", ...words(), ...AS, ...more, "--skip-open-browser"]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect((await kit.audit(from)).filter(({ user }) => user === "cert-user" || user === USER)).toEqual([]);
  });
});
