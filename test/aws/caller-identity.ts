import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "../api-server.ts";
import { stsByName, type ByName } from "./by-name.ts";
import { presignedKey, presignFault, type AwsFault } from "./presign-fault.ts";

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

export interface CallerIdentitySts extends ByName {
  /** Targets of the requests that came, in their order. */
  readonly asked: readonly string[];
}

/** STS under its real names. It reads signatures by itself, from AWS's description, and knows nothing of kauth's code. */
export async function callerIdentitySts(options: FakeStsOptions): Promise<CallerIdentitySts> {
  const asked: string[] = [];
  const sts = await stsByName((request, response) => {
    asked.push(request.url ?? "");
    void (async () => {
      if ((await options.instead?.(request, response)) === true) return;
      respond(request, response, options);
    })();
  });
  return {
    asked,
    get connections() {
      return sts.connections;
    },
    env: sts.env,
    [Symbol.asyncDispose]: async () => await sts[Symbol.asyncDispose](),
  };
}

const respond = (request: IncomingMessage, response: ServerResponse, options: FakeStsOptions): void => {
  const url = new URL(request.url ?? "", `https://${request.headers.host ?? ""}`);
  const fault = requestFault(request, url, options);
  if (fault !== undefined) {
    json(response, 403, { Error: { Code: fault.code, Message: fault.message, Type: "Sender" } });
    return;
  }
  const person = options.people[presignedKey(url)];
  json(response, 200, {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { Account: person?.account, Arn: person?.arn, UserId: person?.userId },
      ResponseMetadata: { RequestId: "00000000-0000-0000-0000-000000000000" },
    },
  });
};

const requestFault = (
  request: IncomingMessage,
  url: URL,
  { people, clusterId }: FakeStsOptions,
): AwsFault | undefined => {
  const person = people[presignedKey(url)];
  if (person === undefined || (person.session ?? "") !== (url.searchParams.get("X-Amz-Security-Token") ?? ""))
    return { code: "InvalidClientTokenId", message: "The security token included is invalid" };
  const names = (url.searchParams.get("X-Amz-SignedHeaders") ?? "").split(";");
  if (request.headers["x-k8s-aws-id"] !== clusterId && names.includes("x-k8s-aws-id"))
    return { code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match" };
  return presignFault(request, url, person.secret);
};
