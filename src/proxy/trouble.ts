import type { ErrorCode } from "../base/errors.ts";

/** What stands between a person and the page, as far as it makes a difference to what they do. */
export type Trouble =
  | "starting"
  | "restarting"
  | "no-ready-pod"
  | "denied"
  | "sign-in"
  | "unreachable"
  | "answered";

const CODES_OF: Readonly<Record<Exclude<Trouble, "starting">, readonly ErrorCode[]>> = {
  restarting: ["POD_GONE", "TUNNEL_PAIRING", "TUNNEL_LOST", "TUNNEL_SILENT", "TUNNEL_PROTOCOL"],
  "no-ready-pod": ["NOT_FOUND", "NO_READY_POD", "SERVICE_WITHOUT_PODS", "PORT_UNKNOWN", "PORT_AMBIGUOUS"],
  denied: ["FORBIDDEN", "TUNNEL_FORBIDDEN"],
  "sign-in": [
    "EXEC_DENIED",
    "EXEC_NOT_FOUND",
    "EXEC_FAILED",
    "EXEC_TIMEOUT",
    "EXEC_OUTPUT_INVALID",
    "EXEC_NOT_INTERACTIVE",
    "EXEC_LOOP",
    "AUTH_PROVIDER_FAILED",
    "TOKEN_INVALID",
    "TOKEN_FILE_UNREADABLE",
    "TOKEN_TOO_BROAD",
    "NO_BEARER_TOKEN",
    "CLIENT_CERTIFICATE_EXPIRED",
    "UNAUTHORIZED",
    "TUNNEL_UNAUTHORIZED",
    "IDENTITY_CHANGED",
    "IDENTITY_UNKNOWN",
  ],
  unreachable: [
    "CONNECTION_REFUSED",
    "CONNECTION_TIMEOUT",
    "CONNECTION_LOST",
    "DNS_FAILED",
    "TLS_UNTRUSTED",
    "TLS_FAILED",
    "API_BUSY",
    "API_FAILED",
    "API_REDIRECT",
    "API_EXPIRED",
    "API_CONFLICT",
    "ANSWER_TOO_LARGE",
    "PROXY_URL_INVALID",
    "PROXY_UNREACHABLE",
    "PROXY_AUTH",
    "PROXY_REFUSED",
    "TUNNEL_REFUSED",
    "CLIENT_CONFIG_INVALID",
  ],
  answered: [
    "UPSTREAM_INVALID",
    "UPSTREAM_CUT",
    "UPSTREAM_TLS",
    "UPSTREAM_CERTIFICATE",
    "PORT_REFUSED",
    "PORT_RESET",
    "PORT_FAILED",
    "UI_MISMATCH",
    "HEADER_UNSENDABLE",
  ],
};

const TROUBLES: ReadonlyMap<ErrorCode, Trouble> = new Map(
  Object.entries(CODES_OF).flatMap(([trouble, codes]) => codes.map((code) => [code, trouble as Trouble])),
);

/** Of what nobody knows more than that it takes long, a start is the likeliest. */
export const troubleOf = (code: ErrorCode | undefined): Trouble =>
  (code === undefined ? undefined : TROUBLES.get(code)) ?? "starting";
