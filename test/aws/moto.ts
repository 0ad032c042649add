import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { object, string } from "../../src/base/decode.ts";
import { environment, newHome } from "../program.ts";
import { jsonOfXml } from "./xml-json.ts";

/** It has this one account. */
export const MOTO_ACCOUNT = "123456789012";

export interface MotoKeys {
  readonly id: string;
  readonly secret: string;
  readonly session?: string;
}

export interface MotoRole {
  /** What moto calls it: `AROA…`. */
  readonly roleId: string;
  /** Of a session of it. */
  readonly keys: MotoKeys;
}

export interface Moto extends AsyncDisposable {
  readonly port: number;
  /** Of somebody who may take roles. */
  readonly user: MotoKeys;
  readonly roles: ReadonlyMap<string, MotoRole>;
}

export interface MotoWishes {
  /** `moto_server`. */
  readonly path: string;
  /** A user of IAM. */
  readonly user: string;
  /** Names of roles, and who may take them: ARNs of users. */
  readonly roles: Readonly<Record<string, string>>;
  /** The name of the sessions. */
  readonly session: string;
}

interface Running extends AsyncDisposable {
  readonly port: number;
}

/**
 * A stand-in for AWS that others wrote, on the loopback, with a user and some roles. Once it is returned it judges every
 * request itself: the key, the session, the signature in the headers, the user's policy and the role's trust. What it
 * cannot judge is in `moto-front.ts`.
 * @see https://docs.getmoto.org
 */
export async function startMoto(wishes: MotoWishes): Promise<Moto> {
  const running = await startServer(wishes.path);
  try {
    return { ...running, ...(await fill(`http://127.0.0.1:${running.port}`, wishes)) };
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

const startServer = async (path: string): Promise<Running> => {
  const home = await newHome();
  const child = spawn(path, ["-H", "127.0.0.1", "-p", "0"], {
    env: environment(home.path, { NO_COLOR: "1", PYTHONUNBUFFERED: "1" }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  const ended = once(child, "close");
  const listening = new Promise<number>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const [, port] = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (port !== undefined) resolve(Number(port));
      });
  });
  const gone = ended.then(() => {
    throw new Error(`moto ended with ${child.exitCode}: ${said.join("\n")}`);
  });
  gone.catch(() => undefined);
  return {
    port: await Promise.race([listening, gone]),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
      await home[Symbol.asyncDispose]();
    },
  };
};

const createdKey = object({
  CreateAccessKeyResponse: object({
    CreateAccessKeyResult: object({ AccessKey: object({ AccessKeyId: string, SecretAccessKey: string }) }),
  }),
});
const createdRole = object({
  CreateRoleResponse: object({ CreateRoleResult: object({ Role: object({ RoleId: string }) }) }),
});
const assumedRole = object({
  AssumeRoleResponse: object({
    AssumeRoleResult: object({
      Credentials: object({ AccessKeyId: string, SecretAccessKey: string, SessionToken: string }),
    }),
  }),
});

const policy = (statement: object): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", ...statement }],
  });

/** People and roles. Until the last line moto believes everybody. */
const fill = async (
  url: string,
  { user, roles, session }: MotoWishes,
): Promise<Pick<Moto, "user" | "roles">> => {
  await ask(url, { Action: "CreateUser", UserName: user });
  const { AccessKey } = createdKey(await ask(url, { Action: "CreateAccessKey", UserName: user }), "")
    .CreateAccessKeyResponse.CreateAccessKeyResult;
  await ask(url, {
    Action: "PutUserPolicy",
    UserName: user,
    PolicyName: "roles",
    PolicyDocument: policy({ Resource: "*" }),
  });
  const made = new Map<string, MotoRole>();
  for (const [name, trusted] of Object.entries(roles)) {
    const document = policy({ Principal: { AWS: trusted } });
    const { Role } = createdRole(
      await ask(url, { Action: "CreateRole", RoleName: name, AssumeRolePolicyDocument: document }),
      "",
    ).CreateRoleResponse.CreateRoleResult;
    const RoleArn = `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}`;
    const { Credentials } = assumedRole(
      await ask(url, { Action: "AssumeRole", RoleArn, RoleSessionName: session }),
      "",
    ).AssumeRoleResponse.AssumeRoleResult;
    const { AccessKeyId: id, SecretAccessKey: secret, SessionToken } = Credentials;
    made.set(name, { roleId: Role.RoleId, keys: { id, secret, session: SessionToken } });
  }
  await fetch(`${url}/moto-api/reset-auth`, { method: "POST", body: "0" });
  return { user: { id: AccessKey.AccessKeyId, secret: AccessKey.SecretAccessKey }, roles: made };
};

const ask = async (url: string, form: Readonly<Record<string, string>>): Promise<unknown> => {
  const [service, version] = form["Action"] === "AssumeRole" ? ["sts", "2011-06-15"] : ["iam", "2010-05-08"];
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      // It finds the service by this alone.
      Authorization: `AWS4-HMAC-SHA256 Credential=AKIASETUP/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Version: version, ...form }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`moto answered ${answer.status}: ${text}`);
  return jsonOfXml(text);
};
