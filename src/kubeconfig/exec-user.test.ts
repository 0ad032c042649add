import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { writeExecUser, type ExecStanza, type ExecUserTarget } from "./exec-user.ts";
import { parseKubeconfig } from "./parse.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-exec-user-"));
  path = join(directory, "config");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const system = (): System => ({
  ...realSystem(),
  log: logTo({ out: () => undefined, err: () => undefined }, 0),
});

const EXEC: ExecStanza = {
  apiVersion: "client.authentication.k8s.io/v1",
  command: "kauth",
  args: ["oidc", "get-token", "--oidc-issuer-url=https://x/#y: z", "--oidc-client-id=k"],
  interactiveMode: "IfAvailable",
};

const write = async (more: Partial<ExecUserTarget> = {}): Promise<string> =>
  await writeExecUser({ path, user: "oidc", ...more }, EXEC, system());

const ENTRY = `- name: oidc
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: kauth
      args:
        - oidc
        - get-token
        - "--oidc-issuer-url=https://x/#y: z"
        - --oidc-client-id=k
      interactiveMode: IfAvailable
`;

const FILE = `# mine
apiVersion: v1
kind: Config
users:
- name: other   # somebody
  user: {token: x}
clusters:
- cluster: {server: "https://s"}
  name: c
contexts:
- context:
    cluster: c
    # who
    user: other # for now
  name: here
current-context: here
`;

describe("a user that is not there", () => {
  test.each([
    { name: "a list of others", before: FILE, after: FILE.replace("clusters:", `${ENTRY}clusters:`) },
    {
      name: "no list",
      before: "apiVersion: v1\nkind: Config",
      after: `apiVersion: v1\nkind: Config\nusers:\n${ENTRY}`,
    },
    { name: "an empty list", before: "users: []\nkind: Config\n", after: `users:\n${ENTRY}kind: Config\n` },
    { name: "null", before: "users: null\nkind: Config\n", after: `users:\n${ENTRY}kind: Config\n` },
    { name: "nothing", before: "kind: Config\nusers:\n", after: `kind: Config\nusers:\n${ENTRY}` },
    { name: "an empty file", before: "", after: `users:\n${ENTRY}` },
    {
      name: "an indented list",
      before: "users:\n  - name: a\n    user: {}",
      after: `users:\n  - name: a\n    user: {}\n${ENTRY.replaceAll(/^/gm, "  ").trimEnd()}\n`,
    },
  ])("beside $name", async ({ before, after }) => {
    await writeFile(path, before, { mode: 0o600 });
    expect(await write()).toBe("added");
    const text = await readFile(path, "utf8");
    expect(text).toBe(after);
    expect((await parseKubeconfig(text)).users.get("oidc")?.value.exec).toMatchObject(EXEC);
    expect(await write()).toBe("unchanged");
    expect(await readFile(path, "utf8")).toBe(after);
  });

  test("in JSON", async () => {
    await writeFile(path, '{\n  "kind": "Config",\n  "users": []\n}\n');
    expect(await write()).toBe("added");
    const text = await readFile(path, "utf8");
    expect(JSON.parse(text)).toEqual({ kind: "Config", users: [{ name: "oidc", user: { exec: EXEC } }] });
  });

  test("in a file that is not there, which is private then", async () => {
    path = join(directory, "new", "config");
    expect(await write()).toBe("added");
    expect(await readFile(path, "utf8")).toBe(`apiVersion: v1\nkind: Config\nusers:\n${ENTRY}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe("a user that is there", () => {
  test("gets another plugin in the place of its own", async () => {
    const before = FILE.replace(
      "clusters:",
      "# kept\n- name: oidc\n  user:\n    exec:\n      command: kubelogin\n      apiVersion: v1\nclusters:",
    );
    await writeFile(path, before);
    expect(await write()).toBe("changed");
    expect(await readFile(path, "utf8")).toBe(FILE.replace("clusters:", `# kept\n${ENTRY}clusters:`));
  });

  test("and signs in another way is left alone", async () => {
    await writeFile(path, FILE);
    await expect(write({ user: "other" })).rejects.toMatchObject({
      code: "KUBECONFIG_USER_TAKEN",
      message: `Cannot set the user "other" of "${path}": it signs in another way (token)`,
    });
    expect(await readFile(path, "utf8")).toBe(FILE);
  });
});

describe("a context", () => {
  test("gets the user, and keeps its words", async () => {
    await writeFile(path, FILE);
    expect(await write({ context: "here" })).toBe("added");
    expect(await readFile(path, "utf8")).toBe(
      FILE.replace("clusters:", `${ENTRY}clusters:`).replace("user: other #", 'user: "oidc" #'),
    );
    expect(await write({ context: "here" })).toBe("unchanged");
  });

  test("that is not there is named, and nothing is written", async () => {
    await writeFile(path, FILE);
    await expect(write({ context: "there" })).rejects.toMatchObject({ code: "CONTEXT_UNKNOWN" });
    expect(await readFile(path, "utf8")).toBe(FILE);
  });
});

test("what would be harmed is not written", async () => {
  const text = 'users: [{name: a, user: {}}]\nkind: "Config"\n';
  await writeFile(path, text);
  await expect(write()).rejects.toMatchObject({ code: "KUBECONFIG_UNWRITABLE" });
  expect(await readFile(path, "utf8")).toBe(text);
});
