import { describe, expect, test } from "vitest";
import { getTokenWords } from "./from-kubeconfig.ts";

describe("the plugins that are kubelogin or kauth", () => {
  const WORDS = ["--oidc-issuer-url=https://x", "--oidc-client-id=k"];
  test.each([
    { command: "kubectl", args: ["oidc-login", "get-token", ...WORDS], is: WORDS },
    { command: "/usr/bin/kubelogin", args: ["get-token", ...WORDS], is: WORDS },
    { command: "kubelogin", args: ["-v1", "get-token", ...WORDS], is: ["-v1", ...WORDS] },
    { command: String.raw`C:\x\kubelogin.exe`, args: ["get-token"], is: [] },
    { command: "./kubectl-oidc_login.js", args: ["get-token", ...WORDS], is: WORDS },
    { command: "kauth", args: ["oidc", "get-token", ...WORDS], is: WORDS },
    { command: "kauth", args: ["token", "--exec-credential"], is: undefined },
    { command: "kubelogin", args: ["setup", ...WORDS], is: undefined },
    { command: "kubectl", args: ["get", "pods"], is: undefined },
    { command: "aws", args: ["eks", "get-token"], is: undefined },
    // Azure's tool of the same name has no issuer; what is missing is said later.
    { command: "kubelogin", args: ["get-token", "--server-id", "x"], is: ["--server-id", "x"] },
  ])("$command $args", ({ command, args, is }) => {
    expect(getTokenWords({ command, args })).toEqual(is);
  });
});
