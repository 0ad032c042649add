import fc from "fast-check";
import { expect, test } from "vitest";
import { redact } from "./redact.ts";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

test.each([
  { name: "a JWT", text: `token was ${JWT} ok`, secret: "c2lnbmF0dXJl" },
  { name: "an EKS token", text: "k8s-aws-v1.aHR0cHM6Ly9zdHM in it", secret: "aHR0cHM6Ly9zdHM" },
  { name: "a Google token", text: "ya29.a0AfH6SMB-x", secret: "a0AfH6SMB" },
  { name: "a bearer header", text: "Authorization: Bearer canary-1", secret: "canary-1" },
  { name: "a bearer token that begins like the word", text: "Bearer token-canary", secret: "canary" },
  { name: "a bearer token that is longer than the word", text: "bearer tokencanary", secret: "canary" },
  { name: "a basic header", text: "authorization: basic Y2FuYXJ5", secret: "Y2FuYXJ5" },
  { name: "a presigned signature", text: "https://x/?X-Amz-Signature=canary&b=1", secret: "canary" },
  { name: "an authorization code", text: "GET /?code=canary&state=other", secret: "canary" },
  { name: "an authorization code in a sentence", text: "got the code: 4/0AX4XfWh-canary", secret: "canary" },
  { name: "the state", text: "GET /?code=a&state=canary", secret: "canary" },
  { name: "a client secret in JSON", text: '{"client_secret": "canary"}', secret: "canary" },
  { name: "a token in JSON", text: '{"token":"canary"}', secret: "canary" },
  { name: "a token in JSON with a space", text: '{"token": "canary"}', secret: "canary" },
  { name: "a token of Python's", text: "{'token': 'canary'}", secret: "canary" },
  { name: "a quoted name in YAML", text: '"token": canary-8a', secret: "canary" },
  { name: "a code under a quoted name", text: '"code": 4/0AX4XfWh-canary', secret: "canary" },
  { name: "a token in a query", text: "GET /?token=canary", secret: "canary" },
  { name: "a token in YAML, quoted", text: "token: 'canary'", secret: "canary" },
  { name: "a token in YAML", text: "token: canary-8a", secret: "canary" },
  { name: "a long token in YAML", text: "token: canarycanarycanary", secret: "canary" },
  { name: "a token without a space", text: "token:canary", secret: "canary" },
  { name: "a password in YAML", text: "password: canary", secret: "canary" },
  { name: "a refresh token in a form", text: "refresh_token=canary&x=1", secret: "canary" },
  {
    name: "a private key",
    text: "-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----",
    secret: "canary",
  },
  { name: "a cut private key", text: "-----BEGIN PRIVATE KEY-----\ncanary", secret: "canary" },
])("$name does not survive", ({ text, secret }) => {
  expect(redact(text)).not.toContain(secret);
});

test.each([
  ['pods "ui-1" is forbidden: User "alice" cannot get resource "pods/portforward"'],
  ['failed to refresh token: oauth2: "invalid_grant" "expired"'],
  ["acquiring a token for authorization header: failed acquiring new token: adal: no"],
  ["failed to get token: authentication failed: Expected HTTP response code [201]"],
  ["enter the code: ABC-DEFG"],
  ['Cannot write --api-token-file "token": something of that name is there already'],
  ['Cannot read tokenFile "/home/a/my-token": ENOENT'],
  ["Failed to retrieve access token:: failure while executing gcloud"],
  ["First copy your one-time code: ABCD-1234"],
  ["there is no bearer token: your kubeconfig names nothing"],
  ["error: get-token: token-cache-storage must be one of (disk|keyring|none)"],
  ["basic credentials never go to a UI"],
])("what is no secret stays: %s", (text) => {
  expect(redact(text)).toBe(text);
});

test("embedded in any text, nothing survives", () => {
  const secret = fc.constantFrom(
    JWT,
    "k8s-aws-v1.Q2FuYXJ5Q2FuYXJ5",
    "ya29.CanaryCanary",
    "Bearer CanaryCanary",
  );
  fc.assert(
    fc.property(fc.string(), secret, fc.string(), (before, hidden, after) => {
      const marker = hidden.slice(-12);
      fc.pre(!before.includes(marker) && !after.includes(marker));
      expect(redact(`${before} ${hidden} ${after}`)).not.toContain(marker);
    }),
  );
});
