import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { after, millis, type EpochMillis } from "../../base/units.ts";
import { presignedQuery, type SigningKeys } from "./sigv4.ts";

/** Where STS is asked, and by which region's name requests to it are signed. */
export interface StsEndpoint {
  /** `https`, but for an endpoint that the person names. */
  readonly scheme: "http" | "https";
  /** With its port, unless that is the scheme's own. */
  readonly host: string;
  readonly signingRegion: string;
}

export interface TokenWish {
  /** What the cluster's webhook calls the cluster. */
  readonly clusterId: string;
  readonly endpoint: StsEndpoint;
  readonly keys: SigningKeys;
  readonly now: EpochMillis;
}

export interface IamToken {
  readonly token: Secret;
  /** When whoever asked should ask again: a minute before STS stops to take it. */
  readonly expiresAt: EpochMillis;
}

const PREFIX = "k8s-aws-v1.";
/** Servers up to 0.3.0 wanted 0 to 60; STS takes the URL for 15 minutes whatever it says. */
const EXPIRES = 60;
const LIFE = millis(14 * 60_000);
/** Longer tokens are refused by every server: long session tokens with many tags come near it. */
export const TOKEN_LIMIT = 4096;

/**
 * A URL that asks STS who signed it, as a bearer token (iam.md §1.3).
 * @throws {KnownError} IAM_CLUSTER_ID
 */
export function mintToken({ clusterId, endpoint, keys, now }: TokenWish): IamToken {
  const query = presignedQuery(
    {
      method: "GET",
      path: "/",
      query: [
        ["Action", "GetCallerIdentity"],
        ["Version", "2011-06-15"],
      ],
      headers: [
        ["host", endpoint.host],
        ["x-k8s-aws-id", checkedClusterId(clusterId)],
      ],
      body: "",
    },
    { keys, region: endpoint.signingRegion, service: "sts", now },
    EXPIRES,
  );
  const url = `${endpoint.scheme}://${endpoint.host}/?${query}`;
  return {
    token: new Secret(PREFIX + Buffer.from(url, "utf8").toString("base64url")),
    expiresAt: after(now, LIFE),
  };
}

const CLUSTER_ID_LIMIT = 255;

/** The id is sent as a header by whoever judges the token, so it is what a header can hold. */
const checkedClusterId = (id: string): string => {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(id) && id.length <= CLUSTER_ID_LIMIT) return id;
  throw new KnownError(
    "IAM_CLUSTER_ID",
    `Cannot sign for cluster id ${JSON.stringify(id.slice(0, CLUSTER_ID_LIMIT))}: it must be 1 to ${CLUSTER_ID_LIMIT} printable ASCII characters, without blanks around it`,
  );
};
