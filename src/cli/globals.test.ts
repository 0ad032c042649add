import { describe, expect, test } from "vitest";
import { optionsFor } from "../../test/recorded.ts";
import { openCommand } from "./commands/open.ts";
import { explicitKubeconfig, overridesOf } from "./globals.ts";

const overrides = (...words: readonly string[]): ReturnType<typeof overridesOf> =>
  overridesOf(optionsFor(openCommand, ...words));

describe("kubectl's options become overrides", () => {
  test.each([
    { words: ["--context=prod"], is: { context: "prod" } },
    { words: ["--cluster=c", "--user=u"], is: { cluster: "c", user: "u" } },
    { words: ["-n", "apps"], is: { namespace: "apps" } },
    { words: ["-s", "https://api:6443"], is: { server: "https://api:6443" } },
    { words: ["--as=bob", "--as-uid=1"], is: { as: "bob", asUid: "1" } },
    { words: ["--as-group=a", "--as-group=b"], is: { asGroups: ["a", "b"] } },
    { words: ["--as-user-extra=k=v"], is: { asUserExtra: ["k=v"] } },
    { words: ["--certificate-authority=ca.pem"], is: { certificateAuthority: "ca.pem" } },
    {
      words: ["--client-certificate=c.pem", "--client-key=k.pem"],
      is: { clientCertificate: "c.pem", clientKey: "k.pem" },
    },
    { words: ["--insecure-skip-tls-verify"], is: { insecureSkipTlsVerify: true } },
    { words: ["--insecure-skip-tls-verify=false"], is: {} },
    { words: ["--tls-server-name=api"], is: { tlsServerName: "api" } },
    { words: ["--username=u"], is: { username: "u" } },
    { words: ["--context="], is: {} },
    { words: ["--request-timeout=1s"], is: { requestTimeout: "1s" } },
    { words: ["--request-timeout="], is: { requestTimeout: "" } },
    { words: ["--disable-compression"], is: { disableCompression: true } },
    { words: ["--cache-dir=x", "--kuberc=off"], is: {} },
  ])("$words", ({ words, is }) => {
    expect(overrides(...words)).toEqual(is);
  });

  test("token and password are secrets from here on", () => {
    const found = overrides("--token=t0ken", "--password=pa55");
    expect(JSON.stringify(found)).not.toMatch(/t0ken|pa55/);
    expect(found.token?.reveal()).toBe("t0ken");
    expect(found.password?.reveal()).toBe("pa55");
  });

  test("--kubeconfig is the one file", () => {
    expect(explicitKubeconfig(optionsFor(openCommand, "--kubeconfig", "a"))).toEqual({ explicit: "a" });
  });
});
