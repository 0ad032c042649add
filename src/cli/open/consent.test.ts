import { describe, expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import { refuseBroadToken } from "./consent.ts";

const jwt = (claims: unknown): string =>
  ["{}", JSON.stringify(claims), "s"].map((part) => Buffer.from(part).toString("base64url")).join(".");

describe("a token that is good beyond the cluster is refused, exit 2", () => {
  test.each([
    { name: "Google's access token", token: "ya29.a0AfH6SMB" },
    {
      name: "the application of all AKS clusters",
      token: jwt({ aud: "6dae42f8-4368-4678-94ff-3960e28e3630" }),
    },
    {
      name: "the same as a service principal",
      token: jwt({ aud: "spn:6dae42f8-4368-4678-94ff-3960e28e3630" }),
    },
    { name: "Azure's management", token: jwt({ aud: ["x", "https://management.azure.com/"] }) },
    { name: "Google's interfaces", token: jwt({ aud: "https://www.googleapis.com" }) },
  ])("$name", ({ token }) => {
    expect(() => refuseBroadToken(new Secret(token), false)).toThrow(
      expect.objectContaining({ code: "TOKEN_TOO_BROAD", exit: 2 }),
    );
    expect(() => refuseBroadToken(new Secret(token), false)).not.toThrow(token);
    expect(() => refuseBroadToken(new Secret(token), true)).not.toThrow();
  });

  test.each([
    { name: "opaque", token: "kauth-test-token" },
    { name: "for one cluster", token: jwt({ aud: ["https://kubernetes.default.svc"] }) },
    { name: "without an audience", token: jwt({ sub: "alice" }) },
    { name: "no JSON", token: "a.b.c" },
    { name: "claims that are a list", token: jwt([1]) },
    {
      name: "an audience that only begins so",
      token: jwt({ aud: "https://management.azure.com.evil.example" }),
    },
    { name: "AWS's presigned token", token: "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8" },
  ])("not one that is $name", ({ token }) => {
    expect(() => refuseBroadToken(new Secret(token), false)).not.toThrow();
  });
});
