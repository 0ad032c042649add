import * as crypto from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface AwsFault {
  readonly code: string;
  readonly message: string;
}

const hmac = (key: string | Buffer, text: string): Buffer =>
  crypto.createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => crypto.createHash("sha256").update(text).digest("hex");
const refuse = (code: string, message: string): AwsFault => ({ code, message });

/** The access key that a presigned request names. */
export const presignedKey = (url: URL): string =>
  (url.searchParams.get("X-Amz-Credential") ?? "").split("/")[0] ?? "";

/**
 * Why a presigned GetCallerIdentity is none that somebody signed with that secret. Written from AWS's description, not
 * from `sigv4.ts`; who the key belongs to, and its session token, are the caller's to judge.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html signatures in a query
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const presignFault = (request: IncomingMessage, url: URL, secret: string): AwsFault | undefined => {
  const value = (name: string): string => url.searchParams.get(name) ?? "";
  if (request.method !== "GET" || url.pathname !== "/") return refuse("InvalidAction", "no such thing");
  if (request.headers.authorization !== undefined) return refuse("InvalidAction", "signed twice");
  if (value("Action") !== "GetCallerIdentity" || value("Version") !== "2011-06-15")
    return refuse("InvalidAction", "no such action");
  const [, date = "", region = "", service = "", end = ""] = value("X-Amz-Credential").split("/");
  const wanted = url.host === "sts.amazonaws.com" ? "us-east-1" : (url.host.split(".")[1] ?? "");
  if (service !== "sts" || end !== "aws4_request" || region !== wanted)
    return refuse("SignatureDoesNotMatch", "Credential should be scoped to a valid region");
  const names = value("X-Amz-SignedHeaders").split(";");
  if (!names.includes("host")) return refuse("SignatureDoesNotMatch", "host is not signed");
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
  let key = hmac(`AWS4${secret}`, date);
  for (const part of [region, "sts", "aws4_request"]) key = hmac(key, part);
  return hmac(key, text).toString("hex") === value("X-Amz-Signature")
    ? undefined
    : refuse("SignatureDoesNotMatch", "The request signature we calculated does not match");
};
