import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type GenerateKeyPairResult,
  type JWK,
  type JWTPayload,
} from "jose";
import { Secret } from "../src/base/secret.ts";

/** An OpenID provider that answers what a test says, over http on 127.0.0.1, and signs what a test wishes. */

export const CLIENT = "kubernetes";

/** In seconds. */
export const LOADED = Math.floor(Date.now() / 1000);

export interface SignOptions {
  readonly alg?: string;
  readonly kid?: string;
  /** Signs with a key that nobody publishes, under the name of one that is published. */
  readonly forged?: boolean;
}

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly form: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export type Reply = Readonly<{
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** Text, or what becomes JSON. */
  body?: unknown;
}>;

export interface FakeProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly heard: readonly Heard[];
  /** What it publishes. Tests change it. */
  readonly published: { keys: JWK[]; metadata: Record<string, unknown>; date: string | undefined };
  /** Claims over good ones, which were made when the file was loaded; undefined takes one out. */
  sign(claims?: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<Secret>;
  count(path: string): number;
}

type Script = (heard: Heard, response: ServerResponse) => Reply | "silence" | Promise<Reply | "silence">;

const ALGORITHMS = ["RS256", "ES256", "ES384", "PS512", "EdDSA"] as const;

/** RSA keys take long to make, so a test file has one set. */
const KEYS = (async () => {
  const made = new Map<string, GenerateKeyPairResult>();
  for (const alg of ALGORITHMS) made.set(alg, await generateKeyPair(alg));
  return { pairs: made, forged: await generateKeyPair("RS256") };
})();

export async function fakeProvider(script: Script = () => ({ status: 404 })): Promise<FakeProvider> {
  const { pairs, forged } = await KEYS;
  const keys = await Promise.all(
    [...pairs].map(async ([alg, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      alg,
      kid: alg,
      use: "sig",
    })),
  );
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const published: FakeProvider["published"] = {
    keys,
    date: undefined,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      device_authorization_endpoint: `${issuer}/device`,
      id_token_signing_alg_values_supported: [...ALGORITHMS],
      code_challenge_methods_supported: ["plain", "S256"],
    },
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const one: Heard = {
      method: request.method ?? "",
      path: (request.url ?? "").split("?")[0] ?? "",
      headers: request.headers,
      form: Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString())),
      query: Object.fromEntries(new URLSearchParams((request.url ?? "").split("?")[1] ?? "")),
    };
    heard.push(one);
    const reply =
      one.path === "/.well-known/openid-configuration" && published.metadata !== undefined
        ? { body: published.metadata }
        : one.path === "/keys"
          ? { body: { keys: published.keys } }
          : await script(one, response);
    if (reply === "silence") return;
    const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
    response
      .writeHead(reply.status ?? 200, {
        "Content-Type": "application/json",
        ...(published.date === undefined ? {} : { Date: published.date }),
        ...reply.headers,
      })
      .end(text);
  };
  return {
    issuer,
    heard,
    published,
    count: (path) => heard.filter((one) => one.path === path).length,
    sign: async (claims = {}, { alg = "RS256", kid = alg, forged: fake = false } = {}) => {
      const payload: JWTPayload = {
        iss: issuer,
        sub: "alice",
        aud: CLIENT,
        iat: LOADED,
        exp: LOADED + 3600,
        ...claims,
      };
      const key = fake ? forged.privateKey : pairs.get(alg)?.privateKey;
      if (key === undefined) throw new TypeError(`no key for ${alg}`);
      return new Secret(await new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
