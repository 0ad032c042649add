import { createHmac, randomBytes } from "node:crypto";
import { at, claims, idToken, json, metadata, text, tokens, type Bend } from "../bend.ts";
import { signingKey } from "../certified.ts";
import type { Misbehaviour } from "./row.ts";

const CODE = "OIDC_TOKEN_INVALID";
const now = (): number => Math.floor(Date.now() / 1000);
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const payload = (token: string): string => token.split(".")[1] ?? "";

/** Rows whose token is signed by the provider's own key, with one claim that is not right. */
const claim = (
  name: string,
  change: Parameters<typeof claims>[0],
  more: Partial<Misbehaviour> = {},
): Misbehaviour => ({ name: `ID token: ${name}`, bend: claims(change), code: CODE, ...more });

const all =
  (...bends: readonly Bend[]): Bend =>
  async (heard, bending) => {
    let pass = bending.pass;
    for (const bend of bends) {
      const inner = { ...bending, pass };
      pass = async () => {
        const reply = await bend(heard, inner);
        if (typeof reply === "string" || typeof reply.body !== "string")
          throw new TypeError("not of that kind");
        return { ...reply, body: reply.body };
      };
    }
    return await pass();
  };

export const ID_TOKEN_ROWS: readonly Misbehaviour[] = [
  claim("another issuer", () => ({ iss: "https://attacker.example" })),
  claim("the issuer with another slash", ({ iss }) => ({ iss: `${iss}/` })),
  claim("no issuer", () => ({ iss: undefined })),
  claim("for another client", () => ({ aud: "another-client" })),
  claim("for other clients, ours not among them", () => ({ aud: ["one", "two"] })),
  claim("for nobody", () => ({ aud: undefined })),
  claim("issued to another client (azp)", () => ({ aud: ["kubernetes", "other"], azp: "other" }), {
    kubelogin: "does not look at azp",
  }),
  claim("several audiences and no azp", () => ({ aud: ["kubernetes", "other"], azp: undefined }), {
    kubelogin: "does not look at azp",
  }),
  claim("over since an hour", () => ({ iat: now() - 7200, exp: now() - 3600 })),
  claim("without an end", () => ({ exp: undefined })),
  claim("not valid before an hour from now", () => ({ nbf: now() + 3600 })),
  claim("issued an hour from now", () => ({ iat: now() + 3600, exp: now() + 7200 }), {
    kubelogin: "does not look at iat",
  }),
  claim("without the time of issue", () => ({ iat: undefined }), { kubelogin: "does not look at iat" }),
  claim("another sign-in's nonce", () => ({ nonce: "n".repeat(43) })),
  claim("no nonce", () => ({ nonce: undefined })),
  claim("of another access token (at_hash)", () => ({ at_hash: "A".repeat(22) }), {
    kubelogin: "does not look at at_hash",
  }),
  claim("of nobody", () => ({ sub: undefined }), { kubelogin: "does not look at sub" }),
  claim("an end that is text", () => ({ exp: "tomorrow" })),
  {
    name: "ID token: alg none",
    bend: idToken((old) => `${encode({ alg: "none" })}.${payload(old)}.`),
    code: CODE,
  },
  {
    name: "ID token: alg none, which discovery allows",
    bend: all(
      idToken((old) => `${encode({ alg: "none" })}.${payload(old)}.`),
      metadata((fields) => ({ ...fields, id_token_signing_alg_values_supported: ["RS256", "none"] })),
    ),
    code: CODE,
  },
  {
    name: "ID token: HMAC with the client's ID as key",
    bend: all(
      idToken((old) => {
        const input = `${encode({ alg: "HS256" })}.${payload(old)}`;
        return `${input}.${createHmac("sha256", "kubernetes").update(input).digest("base64url")}`;
      }),
      metadata((fields) => ({ ...fields, id_token_signing_alg_values_supported: ["RS256", "HS256"] })),
    ),
    code: CODE,
  },
  {
    name: "ID token: signed by another key under a known name",
    bend: idToken(async (old) => {
      const { SignJWT } = await import("jose");
      const { privateKey } = await signingKey();
      const claimsOfOld = JSON.parse(Buffer.from(payload(old), "base64url").toString()) as Record<
        string,
        unknown
      >;
      return await new SignJWT(claimsOfOld)
        .setProtectedHeader({ alg: "RS256", kid: "provider-key-1" })
        .sign(privateKey);
    }),
    code: CODE,
  },
  {
    name: "ID token: one character of the signature is another",
    bend: idToken((old) => `${old.slice(0, -20)}${old.at(-20) === "A" ? "B" : "A"}${old.slice(-19)}`),
    code: CODE,
  },
  {
    name: "ID token: claims of another token under this signature",
    bend: idToken((old) => {
      const [head = "", body = "", signature = ""] = old.split(".");
      const changed = { ...(JSON.parse(Buffer.from(body, "base64url").toString()) as object), sub: "admin" };
      return [head, encode(changed), signature].join(".");
    }),
    code: CODE,
  },
  {
    name: "ID token: a kid that no key has",
    bend: claims(() => ({}), { kid: "unknown" }),
    code: CODE,
    counts: { "/jwks": 2 },
  },
  {
    name: "ID token: the keys were rotated after the first look",
    bend: at("/jwks", async ({ turn }, { pass }) =>
      turn === 0 ? json(200, { keys: [(await signingKey("old-key")).publicJwk] }) : await pass(),
    ),
    outcome: "served",
    counts: { "/jwks": 2 },
  },
  { name: "ID token: no JWT", bend: idToken(() => randomBytes(40).toString("base64url")), code: CODE },
  { name: "ID token: an empty one", bend: tokens((fields) => ({ ...fields, id_token: "" })) },
  { name: "ID token: missing", bend: tokens(({ id_token: _none, ...rest }) => rest) },
  { name: "keys: none", bend: at("/jwks", () => json(200, { keys: [] })), code: CODE },
  { name: "keys: 404", bend: at("/jwks", () => text(404, "not here")) },
  { name: "keys: an HTML page", bend: at("/jwks", () => text(200, "<html></html>")) },
  {
    name: "keys: a redirect",
    bend: at("/jwks", (_heard, { issuer }) => ({
      status: 302,
      headers: { location: `${issuer}/keys2` },
      body: "",
    })),
    counts: { "/keys2": 0 },
    kubelogin: "Go follows redirects",
  },
  {
    name: "keys: never answer",
    bend: at("/jwks", () => "silence"),
    code: "CONNECTION_TIMEOUT",
    kubelogin: "waits without a limit",
  },
];
