import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json, secureServer } from "../../../test/api-server.ts";
import { recorded } from "../../../test/recorded.ts";
import { run } from "../run.ts";

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** What was written, in its order. */
  readonly written: readonly { readonly method: string; readonly data: Readonly<Record<string, string>> }[];
}

interface Scene {
  /** Undefined: there is no ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
  /** Writes that somebody else was faster than. */
  readonly conflicts?: number;
}

/** `kauth iam add …` at an API server that has one ConfigMap. */
const add = async (words: readonly string[], scene: Scene = {}): Promise<Outcome> => {
  await using under = await recorded();
  const written: { readonly method: string; readonly data: Readonly<Record<string, string>> }[] = [];
  let conflicts = scene.conflicts ?? 0;
  await using server = await secureServer((request, response) => {
    const metadata = { name: "aws-auth", namespace: "kube-system", resourceVersion: "7" };
    if (request.method === "GET") {
      if (scene.data === undefined) json(response, 404, { kind: "Status", message: "not found" });
      else json(response, 200, { apiVersion: "v1", kind: "ConfigMap", metadata, data: scene.data });
      return;
    }
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.once("end", () => {
      if (conflicts-- > 0) {
        json(response, 409, { kind: "Status", message: "conflict" });
        return;
      }
      written.push({
        method: request.method ?? "",
        data: (JSON.parse(text) as { readonly data: Readonly<Record<string, string>> }).data,
      });
      json(response, 200, {});
    });
  });
  const kubeconfig = join(under.home, "kubeconfig");
  const cluster = {
    server: server.url,
    "certificate-authority-data": Buffer.from(server.authority.cert).toString("base64"),
  };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
    { mode: 0o600 },
  );
  const status = await run({
    args: ["iam", "add", ...words, "--kubeconfig", kubeconfig],
    program: "kauth",
    signal: new AbortController().signal,
    system: under.system,
  });
  return { status, out: under.out.join("\n"), err: under.err.join("\n"), written };
};

const QUIET = ["--username", "x", "--groups", "a,b", "--prompt=false"];
const ROLE = "arn:aws:iam::012345678912:role/Dev";
const USER = "arn:aws:iam::012345678912:user/bob";

describe("an entry more", () => {
  test("a role, where there is no ConfigMap yet", async () => {
    const { status, out, written } = await add(["role", "--rolearn", ROLE, ...QUIET]);
    expect(status).toBe(0);
    expect(written).toEqual([
      {
        method: "POST",
        data: { mapRoles: `- rolearn: ${ROLE}\n  username: x\n  groups:\n    - a\n    - b\n` },
      },
    ]);
    expect(out).toContain("updated configmap:");
  });

  test("a user, and all that is there stays", async () => {
    const mapUsers = `# ours\n- userarn: ${USER.replace("bob", "eve")}\n  username: eve\n`;
    const { written } = await add(["user", "--userarn", USER, ...QUIET], { data: { mapUsers, other: "o" } });
    expect(written).toMatchObject([{ method: "PUT", data: { other: "o" } }]);
    expect(written[0]?.data["mapUsers"]?.startsWith(mapUsers)).toBe(true);
  });

  test("a permission set (D1)", async () => {
    const { status, written } = await add([
      "role",
      "--sso",
      "permissionSetName=ViewOnly,accountID=012345678912,partition=aws-cn",
      ...QUIET,
    ]);
    expect(status).toBe(0);
    expect(written[0]?.data["mapRoles"]).toContain(
      '- sso:\n    permissionSetName: ViewOnly\n    accountID: "012345678912"\n    partition: aws-cn\n',
    );
  });

  test("once more where somebody else was faster", async () => {
    const { status, written } = await add(["role", "--rolearn", ROLE, ...QUIET], { conflicts: 2 });
    expect({ status, count: written.length }).toEqual({ status: 0, count: 1 });
  });
});

describe("nothing is written", () => {
  const there = {
    mapRoles: `- rolearn: ${ROLE}\n  username: y\n`,
    mapUsers: `- userarn: ${USER}\n  username: y\n`,
  };
  test.each([
    {
      name: "the role is there",
      words: ["role", "--rolearn", ROLE, ...QUIET],
      data: there,
      says: `cannot add duplicate role ARN "${ROLE}"`,
    },
    {
      name: "the user is there",
      words: ["user", "--userarn", USER, ...QUIET],
      data: there,
      says: `cannot add duplicate user ARN "${USER}"`,
    },
    { name: "no ARN", words: ["role", ...QUIET], data: there, says: "invalid empty value in rolearn" },
    {
      name: "no groups",
      words: ["role", "--rolearn", ROLE, "--username", "x"],
      data: there,
      says: "invalid empty value in groups",
    },
    {
      name: "both ways",
      words: ["role", "--rolearn", ROLE, "--sso", "permissionSetName=A,accountID=012345678912", ...QUIET],
      data: there,
      says: "only one of rolearn or SSO must be supplied",
    },
    {
      name: "an account that is none",
      words: ["role", "--sso", "permissionSetName=A,accountID=12", ...QUIET],
      data: there,
      says: "is not a valid AWS Account ID",
    },
    {
      name: "no ARN at all",
      words: ["role", "--rolearn", "garbage", ...QUIET],
      data: there,
      says: "garbage",
    },
    {
      name: "what is there cannot be read",
      words: ["role", "--rolearn", ROLE, ...QUIET],
      data: { mapRoles: "- rolearn: [" },
      says: "Cannot add to mapRoles of kube-system/aws-auth",
    },
  ])("$name", async ({ words, data, says }) => {
    const { status, err, written } = await add(words, { data });
    expect(status).toBe(2);
    expect(err).toContain(says);
    expect(written).toEqual([]);
  });
});
