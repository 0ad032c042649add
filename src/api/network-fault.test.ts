import { expect, test } from "vitest";
import { KnownError } from "../base/errors.ts";
import { networkFault } from "./network-fault.ts";

const SERVER = "https://cluster.test:6443";
const coded = (code: string, message = "of the system"): Error => Object.assign(new Error(message), { code });

test.each([
  // Trust (Node gives OpenSSL's own names).
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TLS_UNTRUSTED", "not issued by the authority"],
  ["UNABLE_TO_GET_ISSUER_CERT", "TLS_UNTRUSTED", "not issued by the authority"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "TLS_UNTRUSTED", "not issued by the authority"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "TLS_UNTRUSTED", "not issued by the authority"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "TLS_UNTRUSTED", "not issued by the authority"],
  ["CERT_SIGNATURE_FAILURE", "TLS_UNTRUSTED", "not issued by the authority"],
  ["CERT_UNTRUSTED", "TLS_UNTRUSTED", "not issued by the authority"],
  ["INVALID_CA", "TLS_UNTRUSTED", "not issued by the authority"],
  ["INVALID_PURPOSE", "TLS_UNTRUSTED", "not one for servers"],
  ["CERT_REVOKED", "TLS_UNTRUSTED", "CERT_REVOKED"],
  ["CERT_REJECTED", "TLS_UNTRUSTED", "CERT_REJECTED"],
  ["CERT_CHAIN_TOO_LONG", "TLS_UNTRUSTED", "CERT_CHAIN_TOO_LONG"],
  ["PATH_LENGTH_EXCEEDED", "TLS_UNTRUSTED", "PATH_LENGTH_EXCEEDED"],
  ["CERT_HAS_EXPIRED", "TLS_UNTRUSTED", "has expired"],
  ["CERT_NOT_YET_VALID", "TLS_UNTRUSTED", "not valid yet"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "TLS_UNTRUSTED", "for another name"],
  // TLS itself.
  ["EPROTO", "TLS_FAILED", "Cannot speak TLS"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "TLS_FAILED", "Cannot speak TLS"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLS_FAILED", "Cannot speak TLS"],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "TLS_FAILED", "Cannot speak TLS"],
  // The network.
  ["ENOTFOUND", "DNS_FAILED", "Cannot find the address"],
  ["EAI_AGAIN", "DNS_FAILED", "Cannot find the address"],
  ["ECONNREFUSED", "CONNECTION_REFUSED", "connection refused"],
  ["ETIMEDOUT", "CONNECTION_TIMEOUT", "ETIMEDOUT"],
  ["EHOSTUNREACH", "CONNECTION_TIMEOUT", "EHOSTUNREACH"],
  ["ENETUNREACH", "CONNECTION_TIMEOUT", "ENETUNREACH"],
  ["ECONNRESET", "CONNECTION_LOST", "was lost: ECONNRESET"],
  ["EPIPE", "CONNECTION_LOST", "was lost: EPIPE"],
  // Anything else.
  ["HPE_INVALID_CONSTANT", "CONNECTION_LOST", "of the system"],
  ["HPE_HEADER_OVERFLOW", "CONNECTION_LOST", "of the system"],
  ["EMFILE", "CONNECTION_LOST", "of the system"],
])("%s is %s", (code, wanted, text) => {
  const cause = coded(code);
  const error = networkFault(cause, SERVER);
  expect(error.code).toBe(wanted);
  expect(error.message).toContain(SERVER);
  expect(error.message).toContain(text);
  expect(error.cause).toBe(cause);
  expect(error.hint).not.toBe("");
});

test.each([
  ["no error at all", "thrown text", "thrown text"],
  ["nothing", undefined, "unknown error"],
  ["a code that is a number", Object.assign(new Error("odd"), { code: 7 }), "odd"],
])("%s is a lost connection", (_name, thrown, text) => {
  expect(networkFault(thrown, SERVER)).toMatchObject({
    code: "CONNECTION_LOST",
    message: `Cannot talk to ${SERVER}: ${text}`,
  });
});

test("what is known stays what it is", () => {
  const known = new KnownError("EXEC_FAILED", "the plugin ended");
  expect(networkFault(known, SERVER)).toBe(known);
});

test("the next step fits what is wrong with the certificate", () => {
  expect(networkFault(coded("CERT_HAS_EXPIRED"), SERVER).hint).toContain("clock");
  expect(networkFault(coded("ERR_TLS_CERT_ALTNAME_INVALID"), SERVER).hint).toContain("tls-server-name");
  expect(networkFault(coded("SELF_SIGNED_CERT_IN_CHAIN"), SERVER).hint).toContain(
    "do not switch the check off",
  );
  expect(networkFault(coded("EPROTO"), SERVER).hint).toContain("something else");
});
