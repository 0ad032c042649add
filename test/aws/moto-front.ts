import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { Secret } from "../../src/base/secret.ts";
import { epochMillis } from "../../src/base/units.ts";
import { signedHeaders, type Pairs } from "../../src/iam/token/sigv4.ts";
import { json } from "../api-server.ts";
import { stsByName, type ByName } from "./by-name.ts";
import type { Moto } from "./moto.ts";
import { presignedKey, presignFault } from "./presign-fault.ts";
import { jsonOfXml } from "./xml-json.ts";

export interface MotoFront extends AsyncDisposable {
  /** What moto was asked, and its status, in their order. */
  readonly asked: readonly { readonly action: string; readonly status: number }[];
  readonly env: ByName["env"];
}

interface MotoAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * moto as STS under its real names, with what AWS has in front of its services:
 *
 * - Who asks for JSON gets moto's XML as JSON, the same fields. `translate: false` leaves the XML.
 * - moto 5.2.5 knows signatures in headers only. Of a presigned query it finds no key, and with its own judgement on it
 *   answers 500 (`KeyError: HTTP_AUTHORIZATION`); moved into headers it could not be judged either, since moto takes the
 *   query for a body and wants the date among the signed headers. So the signature of a query is judged here, with the
 *   secrets that moto gave out, and moto is asked in headers for the same key and session. Whether they are known, and
 *   who that is, moto says: nothing of an identity is made here.
 */
export async function motoFront(
  moto: Moto,
  { translate = true }: { readonly translate?: boolean } = {},
): Promise<MotoFront> {
  const asked: { action: string; status: number }[] = [];
  const secrets = new Map(
    [moto.user, ...[...moto.roles.values()].map(({ keys }) => keys)].map(({ id, secret }) => [id, secret]),
  );

  const ask = async (headers: IncomingHttpHeaders, body: string): Promise<MotoAnswer> => {
    const answer = await post(moto.port, headers, body);
    asked.push({ action: new URLSearchParams(body).get("Action") ?? "", status: answer.status });
    const given = /<AccessKeyId>([^<]+)<\/AccessKeyId>\s*<SecretAccessKey>([^<]+)</.exec(answer.text);
    if (given !== null) secrets.set(given[1] ?? "", given[2] ?? "");
    return answer;
  };
  const presigned = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<MotoAnswer | undefined> => {
    const url = new URL(request.url ?? "", `https://${request.headers.host ?? ""}`);
    const key = presignedKey(url);
    const secret = secrets.get(key);
    const fault = secret === undefined ? undefined : presignFault(request, url, secret);
    if (fault !== undefined) {
      json(response, 403, { Error: { Code: fault.code, Message: fault.message, Type: "Sender" } });
      return undefined;
    }
    const { headers, body } = inHeaders(url, key, secret ?? "nobody's");
    return await ask(headers, body);
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer =
      request.method === "GET"
        ? await presigned(request, response)
        : await ask(request.headers, Buffer.concat(parts).toString());
    if (answer === undefined) return;
    if (translate && request.headers.accept === "application/json" && !answer.text.startsWith("<!"))
      json(response, answer.status, jsonOfXml(answer.text));
    else response.writeHead(answer.status, { "Content-Type": "text/xml" }).end(answer.text);
  };

  const sts = await stsByName(
    (request, response) => void handle(request, response).catch(() => response.destroy()),
  );
  return { asked, env: sts.env, [Symbol.asyncDispose]: async () => await sts[Symbol.asyncDispose]() };
}

/** What a presigned query asks, as a request that is signed by its headers. */
const inHeaders = (
  url: URL,
  accessKeyId: string,
  secret: string,
): { readonly headers: IncomingHttpHeaders; readonly body: string } => {
  const session = url.searchParams.get("X-Amz-Security-Token");
  const [, , region = ""] = (url.searchParams.get("X-Amz-Credential") ?? "").split("/");
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const plain: Pairs = [
    ["host", url.host],
    ["content-type", "application/x-www-form-urlencoded; charset=utf-8"],
  ];
  const { headers, authorization } = signedHeaders(
    { method: "POST", path: "/", query: [], headers: plain, body },
    {
      keys: {
        accessKeyId,
        secretAccessKey: new Secret(secret),
        sessionToken: session === null ? undefined : new Secret(session),
      },
      region,
      service: "sts",
      now: epochMillis(Date.now()),
    },
  );
  return { headers: { ...Object.fromEntries(headers), authorization }, body };
};

/** With the headers as they came: they are signed. */
const post = async (port: number, headers: IncomingHttpHeaders, body: string): Promise<MotoAnswer> =>
  await new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: "127.0.0.1",
        port,
        method: "POST",
        path: "/",
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        let text = "";
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.once("error", reject);
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
