import * as crypto from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json, secureServer } from "../api-server.ts";
import { connectProxy } from "../proxies.ts";

/** Somebody with keys, and what STS says of whoever signs with them. */
export interface Person {
  readonly secret: string;
  /** Of keys that end by themselves: has to be in the request. */
  readonly session?: string;
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}

export interface FakeStsOptions {
  /** By access key id. */
  readonly people: Readonly<Record<string, Person>>;
  /** Those who may sign for it; any other value of `x-k8s-aws-id` does not verify. */
  readonly clusterId: string;
  /** Instead of the usual answer. Default: none. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
}

export interface CallerIdentitySts extends AsyncDisposable {
  /** Targets of the requests that came, in their order. */
  readonly asked: readonly string[];
  /** Connections that were made to it. */
  readonly connections: number;
  /** What a program needs in its environment to come here by STS's real names. */
  readonly env: Readonly<Record<"HTTPS_PROXY" | "SSL_CERT_FILE" | "SSL_CERT_DIR", string>>;
}

const NAMES = ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.us-west-2.amazonaws.com"];

/**
 * STS under its real names, for whoever goes through the proxy of `env`: so nobody needs a back door in the rule of
 * hosts. It reads signatures by itself, from AWS's description, and knows nothing of kauth's code.
 */
export async function callerIdentitySts(options: FakeStsOptions): Promise<CallerIdentitySts> {
  const asked: string[] = [];
  const served = await secureServer(
    (request, response) => {
      asked.push(request.url ?? "");
      void (async () => {
        if ((await options.instead?.(request, response)) === true) return;
        respond(request, response, options);
      })();
    },
    { names: NAMES, commonName: "sts" },
  );
  const proxy = await connectProxy({
    route: (host, port) =>
      NAMES.includes(host) && port === 443 ? { host: "127.0.0.1", port: served.port } : undefined,
  });
  const directory = await mkdtemp(join(tmpdir(), "kauth-sts-"));
  const ca = join(directory, "ca.pem");
  await writeFile(ca, served.authority.cert);
  return {
    asked,
    get connections() {
      return served.accepted;
    },
    env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: ca, SSL_CERT_DIR: directory },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const respond = (request: IncomingMessage, response: ServerResponse, options: FakeStsOptions): void => {
  const url = new URL(request.url ?? "", `https://${request.headers.host ?? ""}`);
  const fault = presignFault(request, url, options);
  if (fault !== undefined) {
    json(response, 403, { Error: { Code: fault.code, Message: fault.message, Type: "Sender" } });
    return;
  }
  const [id = ""] = (url.searchParams.get("X-Amz-Credential") ?? "").split("/");
  const person = options.people[id];
  json(response, 200, {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { Account: person?.account, Arn: person?.arn, UserId: person?.userId },
      ResponseMetadata: { RequestId: "00000000-0000-0000-0000-000000000000" },
    },
  });
};

const hmac = (key: string | Buffer, text: string): Buffer =>
  crypto.createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => crypto.createHash("sha256").update(text).digest("hex");

interface Fault {
  readonly code: string;
  readonly message: string;
}

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html signatures in a query
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
const presignFault = (request: IncomingMessage, url: URL, options: FakeStsOptions): Fault | undefined => {
  const value = (name: string): string => url.searchParams.get(name) ?? "";
  const refuse = (code: string, message: string): Fault => ({ code, message });
  if (request.method !== "GET" || url.pathname !== "/") return refuse("InvalidAction", "no such thing");
  if (request.headers.authorization !== undefined) return refuse("InvalidAction", "signed twice");
  if (value("Action") !== "GetCallerIdentity" || value("Version") !== "2011-06-15")
    return refuse("InvalidAction", "no such action");
  const [id = "", date = "", region = "", service = "", end = ""] = value("X-Amz-Credential").split("/");
  const person = options.people[id];
  if (person === undefined) return refuse("InvalidClientTokenId", "The security token included is invalid");
  if ((person.session ?? "") !== value("X-Amz-Security-Token"))
    return refuse("InvalidClientTokenId", "The security token included is invalid");
  const wanted = url.host === "sts.amazonaws.com" ? "us-east-1" : (url.host.split(".")[1] ?? "");
  if (service !== "sts" || end !== "aws4_request" || region !== wanted)
    return refuse("SignatureDoesNotMatch", "Credential should be scoped to a valid region");
  const names = value("X-Amz-SignedHeaders").split(";");
  if (!names.includes("host")) return refuse("SignatureDoesNotMatch", "host is not signed");
  if (request.headers["x-k8s-aws-id"] !== options.clusterId && names.includes("x-k8s-aws-id"))
    return refuse("SignatureDoesNotMatch", "The request signature we calculated does not match");
  const canonicalQuery = (url.search.slice(1) === "" ? [] : url.search.slice(1).split("&"))
    .filter((pair) => !pair.startsWith("X-Amz-Signature="))
    .toSorted()
    .join("&");
  const canonical = [
    "GET",
    "/",
    canonicalQuery,
    ...names.map((name) => `${name}:${String(request.headers[name] ?? "")}`),
    "",
    names.join(";"),
    sha256(""),
  ].join("\n");
  const scope = `${date}/${region}/sts/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", value("X-Amz-Date"), scope, sha256(canonical)].join("\n");
  let key = hmac(`AWS4${person.secret}`, date);
  for (const part of [region, "sts", "aws4_request"]) key = hmac(key, part);
  return hmac(key, text).toString("hex") === value("X-Amz-Signature")
    ? undefined
    : refuse("SignatureDoesNotMatch", "The request signature we calculated does not match");
};
