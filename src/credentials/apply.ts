import type { RawHeaders } from "../base/headers.ts";
import type { ClientCertificate, Credential } from "./types.ts";

/** The only place that writes an Authorization header for Kubernetes. */
export const credentialHeaders = (credential: Credential): RawHeaders => {
  const { header } = credential;
  if (header === undefined) return [];
  if (header.kind === "bearer") return [["Authorization", `Bearer ${header.token.reveal()}`]];
  const pair = Buffer.from(`${header.username}:${header.password.reveal()}`, "utf8").toString("base64");
  return [["Authorization", `Basic ${pair}`]];
};

/** Whether connections that were made with one certificate may go on with another credential. */
export const sameCertificate = (
  left: ClientCertificate | undefined,
  right: ClientCertificate | undefined,
): boolean => {
  if (left === undefined || right === undefined) return left === right;
  return left.cert === right.cert && left.key.equals(right.key);
};
