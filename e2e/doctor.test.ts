import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { look } from "../test/doctor.ts";
import { kauth, PROGRAM } from "../test/program.ts";
import { openKit, type Kit } from "./kit.ts";

const run = promisify(execFile);
/** Another at each run: the last one may still be going. */
const NAMESPACE = `kauth-e2e-doctor-${process.pid}`;

let kit: Kit;
let directory: string;
beforeAll(async () => {
  kit = await openKit();
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
  await kit.admin("create", "namespace", NAMESPACE);
});
afterAll(async () => {
  await kit.admin("delete", "namespace", NAMESPACE, "--wait=false");
  await rm(directory, { recursive: true, force: true });
});

describe("kauth doctor", () => {
  test("finds nothing wrong for somebody who has every right", async () => {
    const seen = await look(["https://ui.apps.svc/api/me", "--kubeconfig", kit.kubeconfig("exec")]);
    expect(seen).toMatchObject({ code: 0, ok: true, bad: [], warnings: [], untried: [] });
    expect(seen.of("identity").found).toContain("alice, in devs");
    expect(seen.of("ui/stranger").found).toContain("401");
    expect(seen.of("ui/person").found).toContain("200 OK: you are signed in");
  });

  test.each([
    { user: "bob-token", code: 0, bad: [], warnings: ["rights/get-portforward", "carriers/websocket"] },
    {
      user: "dave-token",
      code: 1,
      bad: ["rights/create-portforward", "carriers/spdy", "carriers/websocket"],
      warnings: [],
    },
  ])("says what $user lacks", async ({ user, code, bad, warnings }) => {
    const seen = await look(["-n", "apps", "--kubeconfig", kit.kubeconfig(user)]);
    expect(seen).toMatchObject({ code, bad, warnings });
  });

  test("prints the very Role that is missing", async () => {
    const args = ["-n", NAMESPACE, "--kubeconfig", kit.kubeconfig("carol-token")];
    const before = await look(args);
    expect(before.code).toBe(1);
    expect(before.bad).toContain("rights/create-portforward");
    const role = await kauth(["doctor", "--print-role", ...args]);
    const path = join(directory, "role.yaml");
    await writeFile(path, role.stdout);
    await kit.admin("apply", "-f", path);
    // An authorizer hears of a new binding a moment later.
    await expect
      .poll(
        async () =>
          (await look(args)).findings.filter(({ id }) => id.startsWith("rights/")).map(({ state }) => state),
        {
          timeout: 30_000,
        },
      )
      .toEqual(Array.from({ length: 7 }, () => "ok"));
  });

  test("a wrong token, and a server that is not there", async () => {
    const alice = kit.kubeconfig("alice-token");
    expect((await look(["--kubeconfig", alice, "--token", "wrong"])).bad).toEqual(["identity"]);
    expect((await look(["--kubeconfig", alice, "--server", "https://127.0.0.1:1"])).bad).toEqual(["connect"]);
  });
});

describe("kauth whoami", () => {
  test.each(["alice-token", "admin", "exec", "impersonate"])("says what kubectl says of %s", async (user) => {
    const path = kit.kubeconfig(user);
    const { stdout } = await run(kit.kubectl, ["--kubeconfig", path, "auth", "whoami", "-o", "json"]);
    const { userInfo } = (
      JSON.parse(stdout) as {
        status: {
          userInfo: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> };
        };
      }
    ).status;
    const mine = JSON.parse((await kauth(["whoami", "-o", "json", "--kubeconfig", path])).stdout) as Record<
      string,
      unknown
    >;
    expect(mine).toMatchObject({ user: userInfo.username, groups: userInfo.groups });
    expect(mine["uid"]).toBe(userInfo.uid);
    expect(mine["extra"]).toEqual(userInfo.extra ?? {});
  });
});

describe("kauth token", () => {
  test("is a credential plugin that kubectl takes", async () => {
    const config = parse(await readFile(kit.kubeconfig("alice-token"), "utf8")) as {
      users: { user: unknown }[];
    };
    for (const entry of config.users)
      entry.user = {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: PROGRAM[0],
          args: [...PROGRAM.slice(1), "token", "--exec-credential", "--kubeconfig", kit.kubeconfig("exec")],
          interactiveMode: "IfAvailable",
        },
      };
    const path = join(directory, "kauth-as-plugin");
    await writeFile(path, stringify(config), { mode: 0o600 });
    const { stdout } = await run(kit.kubectl, ["--kubeconfig", path, "auth", "whoami", "-o", "json"]);
    expect(stdout).toContain('"username": "alice"');
  });

  test("is the token that kubectl would send", async () => {
    const ended = await kauth(["token", "--kubeconfig", kit.kubeconfig("alice-tokenfile")]);
    expect(ended).toMatchObject({ code: 0, stdout: "kauth-test-token-alice\n", stderr: "" });
  });
});
