import { DecodeError, object, parseJson, string, type Decoder } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { epochMillis, isDate, KiB, millis, type EpochMillis } from "../../base/units.ts";
import type { AwsKeys, RoleWish } from "./plan.ts";
import { signedHeaders, type Pairs, type SigningKeys } from "./sigv4.ts";
import type { StsEndpoint } from "./token.ts";

export interface StsCall {
  readonly endpoint: StsEndpoint;
  readonly system: System;
  readonly signal?: AbortSignal | undefined;
  /** PEM; only these authorities count. Default: those that the system trusts. */
  readonly ca?: string | undefined;
  /** Of one's own; signed. Default: none. */
  readonly headers?: Pairs | undefined;
}

const TIMEOUT = millis(10_000);
/** Session tokens have 2 KB at most. */
const LIMIT = KiB(64);
/** What the SDK for Go asks for, and the least that STS gives. */
const DURATION = 900;

/**
 * Exchanges keys for those of a role.
 * @param mfaCode of the device `role.mfaSerial`
 * @throws {KnownError} AWS_STS_REFUSED, AWS_ANSWER_INVALID and those of `sendHttp`
 */
export async function assumeRole(
  role: RoleWish,
  keys: SigningKeys,
  call: StsCall & { readonly mfaCode?: Secret | undefined },
): Promise<AwsKeys> {
  const { mfaCode } = call;
  const form: Pairs = [
    ["Action", "AssumeRole"],
    ["Version", "2011-06-15"],
    ["RoleArn", role.arn],
    ["RoleSessionName", role.sessionName ?? `kauth-${call.system.now()}`],
    ["DurationSeconds", String(role.duration ?? DURATION)],
    ...(role.externalId === undefined ? [] : ([["ExternalId", role.externalId]] as const)),
    ...(role.mfaSerial === undefined ? [] : ([["SerialNumber", role.mfaSerial]] as const)),
    ...(mfaCode === undefined ? [] : ([["TokenCode", mfaCode.reveal()]] as const)),
    ...(role.sourceIdentity === undefined ? [] : ([["SourceIdentity", role.sourceIdentity]] as const)),
    ...role.tags.flatMap(
      ([key, value], index) =>
        [
          [`Tags.member.${index + 1}.Key`, key],
          [`Tags.member.${index + 1}.Value`, value],
        ] as const,
    ),
    ...role.transitiveTags.map((key, index) => [`TransitiveTagKeys.member.${index + 1}`, key] as const),
  ];
  return keysOf(await ask(form, keys, call, `assume role ${role.arn}`), "AssumeRole");
}

export interface WebIdentity {
  readonly roleArn: string;
  readonly sessionName: string | undefined;
  /** The identity provider's. */
  readonly token: Secret;
}

/** The same for a token of an identity provider; nothing is signed. @throws see `assumeRole` */
export async function assumeRoleWithWebIdentity(identity: WebIdentity, call: StsCall): Promise<AwsKeys> {
  const form: Pairs = [
    ["Action", "AssumeRoleWithWebIdentity"],
    ["Version", "2011-06-15"],
    ["RoleArn", identity.roleArn],
    ["RoleSessionName", identity.sessionName ?? `kauth-${call.system.now()}`],
    ["WebIdentityToken", identity.token.reveal()],
  ];
  const what = `assume role ${identity.roleArn} with a web identity`;
  return keysOf(await ask(form, undefined, call, what), "AssumeRoleWithWebIdentity");
}

/** The `UserId` of whoever has the keys: `AROA…:session` for a role's. @throws see `assumeRole` */
export async function callerUserId(keys: SigningKeys, call: StsCall): Promise<string> {
  const form: Pairs = [
    ["Action", "GetCallerIdentity"],
    ["Version", "2011-06-15"],
  ];
  const body = await ask(form, keys, call, "ask who has the keys");
  return read(answer("GetCallerIdentity", object({ UserId: string })), body).UserId;
}

const ask = async (
  form: Pairs,
  keys: SigningKeys | undefined,
  { endpoint, system, signal, ca, headers = [] }: StsCall,
  what: string,
): Promise<unknown> => {
  const body = new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString();
  const plain: Pairs = [
    ["accept", "application/json"],
    ["content-type", "application/x-www-form-urlencoded; charset=utf-8"],
    ...headers,
  ];
  const host = ["host", endpoint.host] as const;
  const signed =
    keys === undefined
      ? undefined
      : signedHeaders(
          { method: "POST", path: "/", query: [], headers: [host, ...plain], body },
          { keys, region: endpoint.signingRegion, service: "sts", now: system.now() },
        );
  const { status, body: text } = await sendHttp(
    {
      method: "POST",
      url: new URL(`${endpoint.scheme}://${endpoint.host}/`),
      headers:
        signed === undefined
          ? plain
          : [...signed.headers.filter(([name]) => name !== "host"), ["Authorization", signed.authorization]],
      body,
      timeout: TIMEOUT,
      limit: LIMIT,
      ...(ca === undefined ? {} : { ca }),
      ...(signal === undefined ? {} : { signal }),
    },
    system,
  );
  if (status === 200) return parsed(text);
  throw new KnownError(
    "AWS_STS_REFUSED",
    `Cannot ${what}: ${endpoint.host} answered ${status}${reasonOf(text)}`,
  );
};

/** What was answered is never quoted whole: it may hold keys. */
const invalid = (reason: string): KnownError =>
  new KnownError("AWS_ANSWER_INVALID", `Cannot read what STS answered: ${reason}`);

const parsed = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    throw invalid("it is no JSON");
  }
};

const read = <T>(decoder: Decoder<T>, value: unknown): T => {
  try {
    return decoder(value, "");
  } catch (error) {
    if (error instanceof DecodeError) throw invalid(error.message);
    throw error;
  }
};

/** `{ XResponse: { XResult: … } }` */
const answer =
  <T>(action: string, inner: Decoder<T>): Decoder<T> =>
  (value, path) => {
    const { [`${action}Response`]: outer } = object({
      [`${action}Response`]: object({ [`${action}Result`]: inner }),
    })(value, path);
    return outer?.[`${action}Result`] as T;
  };

const refusalShape = object({ Error: object({ Code: string, Message: string }) });
const REASON_LIMIT = 600;

const reasonOf = (text: string): string => {
  try {
    const { Code, Message } = refusalShape(parseJson(text), "").Error;
    // It is another's text on its way to a terminal.
    return `, ${Code}: ${Message}`.slice(0, REASON_LIMIT).replace(/[^\x20-\x7e]/g, "?");
  } catch {
    return "";
  }
};

/** Seconds since 1970, as STS writes times in JSON; a date in words, as others do. */
const time: Decoder<EpochMillis> = (value, path) => {
  const found =
    typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : NaN;
  if (!isDate(found)) throw new DecodeError(path, "a time", value);
  return epochMillis(found);
};

const keysOf = (body: unknown, action: string): AwsKeys => {
  const { Credentials: given } = read(
    answer(
      action,
      object({
        Credentials: object({
          AccessKeyId: string,
          SecretAccessKey: string,
          SessionToken: string,
          Expiration: time,
        }),
      }),
    ),
    body,
  );
  return {
    keys: {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: new Secret(given.SecretAccessKey),
      sessionToken: new Secret(given.SessionToken),
    },
    expiresAt: given.Expiration,
  };
};
