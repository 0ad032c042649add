import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { yamlDocuments } from "../output.ts";
import { refusalNotes, type RefusedToken } from "./doctor/refusal.ts";
import {
  authenticationConfiguration,
  readServerTrust,
  serverFlags,
  type ServerTrust,
} from "./server-trust.ts";

const TRUST: ServerTrust = {
  issuer: "https://issuer.example/realm",
  audiences: ["kubernetes"],
  usernameClaim: "email",
  usernamePrefix: "oidc:",
  groupsClaim: "groups",
  groupsPrefix: "oidc:",
  required: new Map([["hd", "example.com"]]),
  algorithms: ["ES256"],
  authority: undefined,
};

describe("what setup prints is what doctor reads", () => {
  test("as flags", () => {
    const text = serverFlags(TRUST).join("\n");
    expect(readServerTrust(text, undefined, "it")).toEqual([TRUST]);
  });

  test("as AuthenticationConfiguration, which takes every algorithm", async () => {
    const text = await yamlDocuments([authenticationConfiguration(TRUST)]);
    expect(readServerTrust(text, parse(text), "it")).toEqual([{ ...TRUST, algorithms: undefined }]);
  });

  test("in the manifest of a pod", () => {
    const text = `spec:
  containers:
  - command:
    - kube-apiserver
    - --oidc-issuer-url=https://issuer.example
    - "--oidc-client-id=kubernetes"
    - --oidc-signing-algs=RS256,ES256
    - '--oidc-required-claim=hd=example.com'
    - --secure-port=6443
`;
    expect(readServerTrust(text, parse(text), "it")).toEqual([
      {
        issuer: "https://issuer.example",
        audiences: ["kubernetes"],
        usernameClaim: "sub",
        usernamePrefix: "https://issuer.example#",
        groupsClaim: undefined,
        groupsPrefix: "",
        required: new Map([["hd", "example.com"]]),
        algorithms: ["RS256", "ES256"],
        authority: undefined,
      },
    ]);
  });

  test.each([
    { text: "kind: Pod", says: "is no AuthenticationConfiguration, and has no --oidc-issuer-url" },
    {
      text: "kind: AuthenticationConfiguration\njwt: [{issuer: {}}]",
      says: "jwt[0].issuer.url must be text",
    },
  ])("$text is refused", ({ text, says }) => {
    expect(() => readServerTrust(text, parse(text), "it")).toThrow(says);
  });
});

const NOW = 1_790_000_000;
const TOKEN: RefusedToken = {
  now: NOW,
  algorithm: "ES256",
  claims: {
    iss: TRUST.issuer,
    aud: "kubernetes",
    sub: "1",
    email: "a@example.com",
    email_verified: true,
    hd: "example.com",
    exp: NOW + 60,
  },
};

const refused = (
  claims: Readonly<Record<string, unknown>>,
  trust: Partial<ServerTrust> = {},
  token: Partial<RefusedToken> = {},
): readonly { readonly id: string | undefined; readonly text: string }[] =>
  refusalNotes({ ...TOKEN, ...token, claims: { ...TOKEN.claims, ...claims } }, [{ ...TRUST, ...trust }]).map(
    ({ id, found, next }) => ({ id, text: `${found} → ${next ?? ""}` }),
  );

describe("why an API server refuses a token", () => {
  test.each([
    { claims: { iss: `${TRUST.issuer}/` }, id: "issuer", says: "They differ in how they are written only" },
    {
      claims: { iss: "https://other" },
      id: "issuer",
      says: "Sign in at the provider that the API server trusts",
    },
    {
      claims: { aud: ["a", "b"] },
      id: "audience",
      says: 'is for "a", "b" (aud), and the API server takes "kubernetes"',
    },
    { claims: { email: undefined }, id: "username", says: "--oidc-extra-scope email" },
    { claims: { email_verified: false }, id: "email", says: "the address is not verified" },
    { claims: { hd: "other" }, id: "required", says: 'to be "example.com", and the token says otherwise' },
    { claims: { hd: undefined }, id: "required", says: "the token has none" },
    { claims: { exp: NOW - 5 }, id: "expired", says: "ended 5 s ago" },
    { claims: { nbf: NOW + 90 }, id: "early", says: "good in 90 s only" },
    { claims: {}, id: "unknown", says: "Look into the API server's log" },
  ])("$id: $claims", ({ claims, id, says }) => {
    const [first, ...more] = refused(claims);
    expect(more).toEqual([]);
    expect(first?.id).toBe(`refusal/${id}`);
    expect(first?.text).toContain(says);
  });

  test("the algorithm", () => {
    const [first] = refused({}, { algorithms: ["RS256"] });
    expect(first?.text).toContain("--oidc-signing-algs=RS256,ES256");
    expect(refused({}, { algorithms: undefined })[0]?.id).toBe("refusal/unknown");
  });

  test("another claim of the name", () => {
    expect(refused({}, { usernameClaim: "upn" })[0]?.text).toContain("sub is always there");
    expect(refused({ email: undefined }, { usernameClaim: undefined })[0]?.id).toBe("refusal/unknown");
  });

  test("where nobody knows what it trusts, what to compare", () => {
    const [note] = refusalNotes(TOKEN, undefined);
    expect(note?.found).toBe(
      'the token says: issuer "https://issuer.example/realm"; audience "kubernetes"; signed with ES256; claims sub, email',
    );
    expect(note?.next).toContain("--api-server-config FILE");
  });
});
