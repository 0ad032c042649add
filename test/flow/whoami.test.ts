import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { certificateUser, unsignedJwt, writeKubeconfig } from "../kubeconfigs.ts";
import { kauth, newHome, type Finished } from "../program.ts";

let demo: Demo;
let home: Awaited<ReturnType<typeof newHome>>;
beforeAll(async () => {
  demo = await testDemo();
  home = await newHome();
  const extra = new Map([["authentication.kubernetes.io/credential-id", ["JTI=1", "JTI=2"]]]);
  demo.cluster.people.add({ username: "alice", uid: "alice-uid", groups: ["devs"], extra, rights: "all" });
});
afterEach(() => {
  demo.cluster.release.reviews = "v1";
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const whoami = async (...args: readonly string[]): Promise<Finished> => await kauth(["whoami", ...args]);
const aliceWith = async (token: string, more: object = {}): Promise<string> => {
  demo.cluster.people.issue(token, "alice");
  return await writeKubeconfig(demo, home.path, "alice", { user: { token, ...more } });
};

describe("kauth whoami", () => {
  test("says who, and where that comes from, and never the token", async () => {
    const path = await aliceWith("canary-token");
    const ended = await whoami("--kubeconfig", path, "-v=9");
    expect(ended.code).toBe(0);
    expect(ended.stdout.split("\n")).toEqual([
      "user       alice",
      "uid        alice-uid",
      "groups     devs, system:authenticated",
      "extra      authentication.kubernetes.io/credential-id: JTI=1, JTI=2",
      `from       user "person" of context "demo", in ${path}`,
      "by         a bearer token",
      `cluster    demo, ${demo.cluster.server}`,
      "ends       not known",
      "",
    ]);
    expect(ended.stdout + ended.stderr).not.toContain("canary");
  });

  test("names the plugin, and when the credential ends", async () => {
    const ended = await whoami("--kubeconfig", demo.kubeconfig);
    expect(ended.stdout).toContain(`user       ${demo.user}\n`);
    expect(ended.stdout).toMatch(/\nby {9}credential plugin ".+"\n/);
    expect(ended.stdout).toMatch(/\nends {7}in \d+ s \(\d\d:\d\d:\d\d\)\n/);
  });

  test.each([
    { format: "json", read: (text: string): unknown => JSON.parse(text) },
    { format: "yaml", read: (text: string): unknown => parse(text) },
  ])("-o $format is an object with the same facts", async ({ format, read }) => {
    const path = await aliceWith("canary-token");
    const ended = await whoami("--kubeconfig", path, "-o", format);
    expect(read(ended.stdout)).toEqual({
      user: "alice",
      uid: "alice-uid",
      groups: ["devs", "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": ["JTI=1", "JTI=2"] },
      kubeconfig: path,
      context: "demo",
      entry: "person",
      method: "token",
      credential: "a bearer token",
      cluster: "demo",
      server: demo.cluster.server,
    });
  });

  test("-o name is the name", async () => {
    expect(await whoami("--kubeconfig", await aliceWith("t"), "-o", "name")).toMatchObject({
      code: 0,
      stdout: "alice\n",
      stderr: "",
    });
  });

  test("says who asks to act as whom", async () => {
    const path = await aliceWith("canary-token", {
      as: "bob",
      "as-groups": ["a", "b"],
      "as-user-extra": { k: ["v"] },
    });
    const { stdout } = await whoami("--kubeconfig", path);
    expect(stdout).toContain("user       bob\n");
    expect(stdout).toContain("groups     a, b, system:authenticated\n");
    expect(stdout).toContain("asked by   alice\n");
    expect(stdout).toContain("acts as    bob, group a, group b, k=v\n");
    const json = await whoami("--kubeconfig", path, "-o", "json", "--as", "carol", "--as-uid", "7");
    expect(JSON.parse(json.stdout)).toMatchObject({
      user: "carol",
      uid: "7",
      impersonation: { by: "alice", user: "carol", uid: "7" },
    });
  });

  test("says of a client certificate when it ends", async () => {
    const user = certificateUser(demo, "alice");
    const path = await writeKubeconfig(demo, home.path, "certificate", { user });
    const { code, stdout } = await whoami("--kubeconfig", path);
    expect(code).toBe(0);
    expect(stdout).toContain("user       alice\n");
    expect(stdout).toContain("by         client certificate\n");
    expect(stdout).toMatch(/ends {7}in (59|60) min/);
  });

  test.each(["v1beta1", "v1alpha1"] as const)("asks in %s where there is nothing newer", async (version) => {
    demo.cluster.release.reviews = version;
    expect((await whoami("--kubeconfig", await aliceWith("t"), "-o", "name")).stdout).toBe("alice\n");
  });

  test("on a cluster that does not tell, the token's own words are marked as such", async () => {
    demo.cluster.release.reviews = "none";
    const token = unsignedJwt({
      iss: "https://issuer.example",
      sub: "u-1",
      aud: "kube",
      email: "alice\u001b[2J@example.org",
      groups: ["devs"],
      exp: 2_000_000_000,
    });
    const path = await aliceWith(token);
    const ended = await whoami("--kubeconfig", path);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("IDENTITY_UNKNOWN");
    expect(ended.stdout).toContain("user       unknown");
    expect(ended.stdout).toContain("1.26");
    expect(ended.stdout).toMatch(
      /unverified the token says of itself:\n {2}name {5}alice\\u\{1b\}\[2J@example\.org\n {2}subject {2}u-1\n/,
    );
    expect(ended.stdout).not.toContain(token);
    const json = await whoami("--kubeconfig", path, "-o", "json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      unverified: { issuer: "https://issuer.example", audience: ["kube"], subject: "u-1", groups: ["devs"] },
      expiresAt: "2033-05-18T03:33:20.000Z",
    });
    const name = await whoami("--kubeconfig", path, "-o", "name");
    expect(name).toMatchObject({ code: 1, stdout: "" });
    const opaque = await whoami("--kubeconfig", await aliceWith("opaque"));
    expect(opaque.stdout).not.toContain("unverified");
  });

  test.each([
    {
      name: "that forbids the question",
      status: 403,
      code: 1,
      user: "user       unknown: nothing that identifies you",
    },
    { name: "that speaks TLS", status: 400, code: 1, user: "" },
  ])(
    "over plain http nobody is told who asks, and that is said: a server $name",
    async ({ status, code, user }) => {
      const asked: (string | undefined)[] = [];
      await using server = createServer((request, response) => {
        asked.push(request.headers.authorization);
        response.writeHead(status).end("Client sent an HTTP request to an HTTPS server.");
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const path = await aliceWith("canary-token");
      const ended = await whoami("--kubeconfig", path, "-s", `http://127.0.0.1:${port}`);
      expect(ended.code).toBe(code);
      expect(asked).toEqual([undefined]);
      expect(ended.stderr).toContain(`Nothing that identifies you is sent to http://127.0.0.1:${port}: `);
      expect(ended.stdout).toContain(user);
      expect(ended.stdout).not.toContain("1.26");
    },
  );

  test("a token that has ended is told so", async () => {
    const user = { token: unsignedJwt({ exp: 1_000_000_000 }) };
    const ended = await whoami("--kubeconfig", await writeKubeconfig(demo, home.path, "ended", { user }));
    expect(ended.stderr).toMatch(/^error: Cannot ask the API server who you are: .*\[UNAUTHORIZED\]\n/);
    expect(ended.stderr).toContain("\nYour credential ended at 2001-09-09T01:46:40Z. Sign in again");
  });

  test.each([
    { name: "a credential that is refused", user: { token: "canary-wrong" }, code: 1, says: "UNAUTHORIZED" },
    { name: "no credential", user: {}, code: 1, says: "[UNAUTHORIZED]\nNo credential was sent" },
    { name: "an operand", user: { token: "t" }, args: ["me"], code: 2, says: "USAGE" },
    { name: "an unknown format", user: { token: "t" }, args: ["-o", "xml"], code: 2, says: "json" },
    {
      name: "a server that is not there",
      user: { token: "t" },
      args: ["-s", "https://127.0.0.1:1"],
      code: 1,
      says: "CONNECTION_REFUSED",
    },
  ])("$name: one message, nothing on stdout", async ({ user, args = [], code, says }) => {
    const path = await writeKubeconfig(demo, home.path, "refused", { user });
    const ended = await whoami("--kubeconfig", path, ...args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).not.toContain("canary");
  });
});

test.each(["name", "text", "json", "yaml"])(
  "an API server's name for you moves no cursor, in -o %s (R-H6)",
  async (format) => {
    const username = "eve\u001b[2J\u009b31m\u202e\nroot";
    demo.cluster.people.add({ username, uid: "e", groups: [], extra: new Map(), rights: "all" });
    demo.cluster.people.issue("canary-eve", username);
    const path = await writeKubeconfig(demo, home.path, "eve", { user: { token: "canary-eve" } });
    const { code, stdout } = await whoami("--kubeconfig", path, "-o", format);
    expect(code).toBe(0);
    expect(stdout).toContain("eve");
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).not.toContain("\nroot");
  },
);
