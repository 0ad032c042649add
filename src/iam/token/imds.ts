import { object, optional, string } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import { readKeyDocument } from "./key-document.ts";
import type { AwsKeys } from "./plan.ts";

/**
 * The machine's own metadata service (IMDSv2), on a link-local address.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
const PLACES = { IPv4: "http://169.254.169.254", IPv6: "http://[fd00:ec2::254]" } as const;
/** For all of it: where there is no such service, nobody answers at all. */
const TIMEOUT = millis(1000);
const LIMIT = KiB(64);
/** As long as one of our questions takes is enough, and the service wants at least one second. */
const SESSION_SECONDS = "60";
const ROLES = "/latest/meta-data/iam/security-credentials/";

/** The keys of the machine's role. @throws {KnownError} AWS_IMDS */
export async function machineKeys(system: System, signal?: AbortSignal): Promise<AwsKeys> {
  const ask = await openSession(system, signal);
  const [role = ""] = (await ask(ROLES)).split("\n");
  // It becomes part of a path, and names of roles are of these.
  if (!/^[\w+=,.@-]+$/.test(role)) throw failed("it names no role");
  return keysOf(await ask(ROLES + role));
}

/** The region that the machine is in. @throws {KnownError} AWS_IMDS */
export async function machineRegion(system: System, signal?: AbortSignal): Promise<string> {
  const ask = await openSession(system, signal);
  return (await ask("/latest/meta-data/placement/region")).trim();
}

type Ask = (path: string) => Promise<string>;

const openSession = async (system: System, signal: AbortSignal | undefined): Promise<Ask> => {
  const base = placeOf(system.env);
  const end = system.monotonic() + TIMEOUT;
  const send = async (method: "GET" | "PUT", path: string, header: readonly [string, string]) => {
    const { status, body } = await sendHttp(
      {
        method,
        url: new URL(path, base),
        headers: [header],
        timeout: millis(Math.max(1, end - system.monotonic())),
        limit: LIMIT,
        ...(signal === undefined ? {} : { signal }),
      },
      // Never by a proxy: another machine's keys are not ours.
      { ...system, env: {} },
    ).catch((error: unknown) => {
      throw error instanceof KnownError ? failed(error.message, error) : error;
    });
    if (status !== 200) throw failed(`${path} answered ${status}`);
    return body;
  };
  const token = (
    await send("PUT", "/latest/api/token", ["X-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS])
  ).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw failed("its session token is none");
  return async (path) => await send("GET", path, ["X-aws-ec2-metadata-token", token]);
};

const placeOf = (env: System["env"]): URL => {
  if (/^true$/i.test(env["AWS_EC2_METADATA_DISABLED"] ?? ""))
    throw failed("AWS_EC2_METADATA_DISABLED says not to");
  const mode = env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] ?? "";
  const named = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "";
  const text = named !== "" ? named : /^ipv6$/i.test(mode) ? PLACES.IPv6 : PLACES.IPv4;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw failed(
      `AWS_EC2_METADATA_SERVICE_ENDPOINT must be an http or https URL, not ${JSON.stringify(text)}`,
    );
  return url;
};

const codeShape = object({ Code: optional(string) });

const keysOf = (body: string): AwsKeys =>
  readKeyDocument(
    body,
    { session: "Token", sessionOptional: true, fail: (reason) => failed(`what it answered ${reason}`) },
    (document) => {
      const { Code } = codeShape(document, "");
      if (Code !== undefined && Code !== "Success")
        throw failed(`it answered ${JSON.stringify(Code.slice(0, CODE_LIMIT))}`);
    },
  );

/** Of another's text within ours. */
const CODE_LIMIT = 60;

const failed = (reason: string, cause?: unknown): KnownError =>
  new KnownError("AWS_IMDS", `Cannot ask this machine's metadata service of EC2: ${reason}`, { cause });
