import { isKnownError, KnownError } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import type { System } from "../../base/system.ts";
import { MiB, millis } from "../../base/units.ts";
import { signedHeaders, type Pairs, type SigningKeys } from "../token/sigv4.ts";
import { ec2Reason, readInstances } from "./instances-answer.ts";

export interface Ec2Endpoint {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly region: string;
  /** PEM; only these authorities count. Default: those that the system trusts. */
  readonly ca?: string | undefined;
}

const TIMEOUT = millis(5_000);
/** An instance has some 10 KB, and there are 100 of them. */
const LIMIT = MiB(8);

/**
 * The private DNS names of instances. They are asked for by a filter: one id that EC2 does not know leaves the others
 * their names, where a list of ids would be refused as a whole.
 * @param ids at most 200
 * @throws {KnownError} IAM_INSTANCE_FAILED
 */
export async function describeInstances(
  ids: readonly string[],
  endpoint: Ec2Endpoint,
  keys: SigningKeys,
  system: System,
): Promise<ReadonlyMap<string, string>> {
  const form: Pairs = [
    ["Action", "DescribeInstances"],
    ["Version", "2016-11-15"],
    ["Filter.1.Name", "instance-id"],
    ...ids.map((id, index) => [`Filter.1.Value.${index + 1}`, id] as const),
  ];
  const body = new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString();
  const signed = signedHeaders(
    {
      method: "POST",
      path: "/",
      query: [],
      headers: [
        ["host", endpoint.host],
        ["content-type", "application/x-www-form-urlencoded; charset=utf-8"],
      ],
      body,
    },
    { keys, region: endpoint.region, service: "ec2", now: system.now() },
  );
  const failed = (reason: string, cause?: unknown): KnownError =>
    new KnownError(
      "IAM_INSTANCE_FAILED",
      `Cannot ask ${endpoint.host} for the names of instances: ${reason}`,
      {
        cause,
      },
    );
  const { status, body: xml } = await sendHttp(
    {
      method: "POST",
      url: new URL(`${endpoint.scheme}://${endpoint.host}/`),
      headers: [
        ...signed.headers.filter(([name]) => name !== "host"),
        ["Authorization", signed.authorization],
      ],
      body,
      timeout: TIMEOUT,
      limit: LIMIT,
      ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
    },
    system,
  ).catch((error: unknown) => {
    throw isKnownError(error) ? failed(error.message, error) : error;
  });
  if (status !== 200) throw failed(`it answered ${status}${ec2Reason(xml)}`);
  const found = readInstances(xml);
  if (typeof found === "string") throw failed(found);
  return found;
}
