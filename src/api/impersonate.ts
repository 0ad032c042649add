import { KnownError } from "../base/errors.ts";
import { TOKEN, type RawHeaders } from "../base/headers.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";

/**
 * The headers that make the API server take us for somebody else (credentials.md §4.4). Each group and each value has
 * a line of its own: a comma would be part of a name. Without a user there is nobody to act as, and no header.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export const impersonationHeaders = (as: ClientConfig["impersonate"]): RawHeaders => {
  if (as.user === undefined || as.user === "") return [];
  return [
    ["Impersonate-User", headerValue(as.user)],
    ...(as.uid === undefined || as.uid === "" ? [] : [["Impersonate-Uid", headerValue(as.uid)] as const]),
    ...as.groups.map((group) => ["Impersonate-Group", headerValue(group)] as const),
    ...[...as.extra].flatMap(([key, values]) =>
      values.map((value) => [`Impersonate-Extra-${escapeKey(key)}`, headerValue(value)] as const),
    ),
  ];
};

/** Bytes that no header name may have, and "%" itself, become %XX. */
const escapeKey = (key: string): string =>
  [...Buffer.from(key, "utf8")]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return TOKEN.test(letter) && letter !== "%"
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

/** UTF-8 goes over the wire byte by byte, as Go sends it; Node wants each byte as a letter. */
const headerValue = (text: string): string => {
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text))
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `Cannot impersonate ${JSON.stringify(text.slice(0, 100))}: a header cannot have control characters`,
    );
  return Buffer.from(text, "utf8").toString("latin1");
};
