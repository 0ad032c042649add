import { expect, test } from "vitest";
import { CODES, type ErrorCode } from "../base/codes.ts";
import { troubleOf } from "./trouble.ts";

/** Codes that no request can meet once pages are served, or for which a start is as good a word as any. */
const OTHER: ReadonlySet<string> = new Set([
  "USAGE",
  "CONFIG_INVALID",
  "FILE_TOO_LARGE",
  "UNSAFE_ENVIRONMENT",
  "OUTPUT_FAILED",
  "STATE_INVALID",
  "KUBECONFIG_MISSING",
  "KUBECONFIG_INVALID",
  "KUBECONFIG_EMPTY",
  "CONTEXT_UNKNOWN",
  "KUBERC_INVALID",
  "KUBECONFIG_LOCKED",
  "KUBECONFIG_UNWRITABLE",
  "KUBECONFIG_WRITABLE",
  "TARGET_INVALID",
  "TARGET_AMBIGUOUS",
  "UI_NOT_FOUND",
  "REQUEST_INVALID",
  "READ_ONLY",
  "CLIENT_GONE",
  "UPSTREAM_LATE",
  "TOKEN_ON_TERMINAL",
  "DEMO_FAILED",
  "API_TOKEN_FILE",
  "CONSENT_REFUSED",
  "LISTEN_ADDRESS",
  "PORT_TAKEN",
  "LISTEN_FAILED",
  "LINK_TAKEN",
  "OTHER_KUBELOGIN",
  "KUBECONFIG_USER_TAKEN",
]);

/** Of plugins of ours: whoever opens pages hears of them as of any plugin, by EXEC_FAILED. */
const PLUGINS = /^(?:OIDC|IAM|AWS)_/;

test.each((Object.keys(CODES) as ErrorCode[]).map((code) => [code]))("%s has its word", (code) => {
  expect(troubleOf(code) === "starting").toBe(OTHER.has(code) || PLUGINS.test(code));
});

test("what has no code is a start", () => expect(troubleOf(undefined)).toBe("starting"));

test("of a Service that is not there nobody says that its pod went away", () =>
  expect(troubleOf("NOT_FOUND")).toBe("no-ready-pod"));
