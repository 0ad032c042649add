/** A token that is right at `NOW`, and pieces to make others of. Everything secret in it is made up. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
export const HOST = "sts.us-west-2.amazonaws.com";
export const FIELDS: Readonly<Record<string, string>> = {
  Action: "GetCallerIdentity",
  Version: "2011-06-15",
  "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
  "X-Amz-Credential": "ASIABCDEFGHIJKLMNOPQ%2F20260102%2Fus-west-2%2Fsts%2Faws4_request",
  "X-Amz-Date": "20260102T030405Z",
  "X-Amz-Expires": "60",
  "X-Amz-Security-Token": "FwoGZXIvYXdzEXAMPLE%2F%2B%3D%3D",
  "X-Amz-SignedHeaders": "host%3Bx-k8s-aws-id",
  "X-Amz-Signature": "0123456789abcdef".repeat(4),
};

export const tokenOf = (url: string): string => `k8s-aws-v1.${Buffer.from(url, "latin1").toString("base64url")}`;

export const queryOf = (fields: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

/** The right URL with some parameters changed, or left out where they are undefined. */
export const urlWith = (changed: Readonly<Record<string, string | undefined>> = {}): string =>
  `https://${HOST}/?${queryOf({ ...FIELDS, ...changed })}`;

export const RIGHT = tokenOf(urlWith());
