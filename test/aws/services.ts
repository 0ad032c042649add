import * as crypto from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { json, plainServer } from "../api-server.ts";

/** One question to one of AWS's services. */
export interface AwsQuestion {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type AwsAnswer =
  | { readonly status?: number; readonly json: unknown }
  | { readonly status?: number; readonly text: string };

export interface AwsService extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly AwsQuestion[];
}

/** A service on the loopback; what `answer` does not know is 404. */
export async function awsService(
  answer: (question: AwsQuestion) => AwsAnswer | undefined | Promise<AwsAnswer | undefined>,
): Promise<AwsService> {
  const asked: AwsQuestion[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const question = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(parts).toString(),
    };
    asked.push(question);
    const given = (await answer(question)) ?? { status: 404, text: "not here" };
    if ("json" in given) json(response, given.status ?? 200, given.json);
    else response.writeHead(given.status ?? 200).end(given.text);
  };
  const served = await plainServer((request, response) => void respond(request, response));
  return { url: served.url, asked, [Symbol.asyncDispose]: async () => await served[Symbol.asyncDispose]() };
}

/** Whose keys an STS knows: the secret by the id, and the session token that has to be with it. */
export type KnownKeys = Readonly<Record<string, { readonly secret: string; readonly session?: string }>>;

/** What a fake STS gives for a role or a web identity. */
export const ROLE_KEYS = {
  AccessKeyId: "ASIAROLE",
  SecretAccessKey: "role-secret",
  SessionToken: "role-session",
};

/** An STS that checks who signed, with its own reading of SigV4, and gives keys of roles until a time. */
export async function fakeSts(keys: KnownKeys, until = Date.UTC(2099, 0, 1)): Promise<AwsService> {
  return await awsService((question) => {
    const form = new URLSearchParams(question.body);
    const action = form.get("Action") ?? "";
    const refusal = action === "AssumeRoleWithWebIdentity" ? undefined : signatureFault(question, keys);
    if (refusal !== undefined)
      return { status: 403, json: { Error: { Code: "SignatureDoesNotMatch", Message: refusal } } };
    const results: Readonly<Record<string, unknown>> = {
      AssumeRole: { Credentials: { ...ROLE_KEYS, Expiration: until / 1000 } },
      AssumeRoleWithWebIdentity: { Credentials: { ...ROLE_KEYS, Expiration: until / 1000 } },
      GetCallerIdentity: { UserId: "AROAEXAMPLE:jane", Account: "111122223333", Arn: "arn:aws:sts::1:x" },
    };
    if (!Object.hasOwn(results, action)) return undefined;
    // What AWS's own programs ask for.
    if (question.headers.accept !== "application/json")
      return {
        text: `<${action}Response>${xml({ [`${action}Result`]: results[action] })}</${action}Response>`,
      };
    return { json: { [`${action}Response`]: { [`${action}Result`]: results[action] } } };
  });
}

const xml = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, inner]) => `<${name}>${xml(name === "Expiration" ? isoOf(inner) : inner)}</${name}>`)
        .join("")
    : String(value);
const isoOf = (seconds: unknown): string => new Date(Number(seconds) * 1000).toISOString();

const hmac = (key: string | Buffer, text: string): Buffer =>
  crypto.createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => crypto.createHash("sha256").update(text).digest("hex");

/** Of a request that is signed by its headers; written from AWS's description, not from `sigv4.ts`. */
const signatureFault = (
  { method, path, headers, body }: AwsQuestion,
  keys: KnownKeys,
): string | undefined => {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (found === null) return "no signature";
  const [, id = "", date = "", region = "", service = "", names = "", signature] = found;
  const known = keys[id];
  if (known === undefined) return `unknown key ${id}`;
  if (headers["x-amz-security-token"] !== known.session) return "wrong session token";
  const time = String(headers["x-amz-date"]);
  const canonical = [
    method,
    path,
    "",
    ...names.split(";").map((name) => `${name}:${String(headers[name])}`),
    "",
    names,
    sha256(body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [region, service, "aws4_request"].reduce(hmac, hmac(`AWS4${known.secret}`, date));
  const right = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  return right === signature ? undefined : "wrong signature";
};

/** What a token says: its URL, and the access key that signed it. */
export const readToken = (
  token: string,
): {
  readonly url: URL;
  readonly keyId: string;
  readonly region: string;
  readonly session: string | null;
} => {
  const url = new URL(Buffer.from(token.replace(/^k8s-aws-v1\./, ""), "base64url").toString());
  const [keyId = "", , region = ""] = (url.searchParams.get("X-Amz-Credential") ?? "").split("/");
  return { url, keyId, region, session: url.searchParams.get("X-Amz-Security-Token") };
};
