import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";
import { Provider, type ClientMetadata, type Configuration } from "oidc-provider";

/** The certified provider as the suite sets it up: every grant, and counts outside of it. It listens on a socket file. */

export const PUBLIC = "kubernetes";
export const CONFIDENTIAL = { id: "with-secret", secret: "canary-client-secret:+/ %" };
export const IN_BODY = { id: "secret-in-body", secret: "canary-body-secret-42" };
export const MACHINE = { id: "machine", secret: "canary-machine-secret-7" };
/** May be sent back to any https address on localhost, as no native client may. */
export const WEB = "web";
/** Proves itself with a key of its own (`private_key_jwt`). */
export const WITH_KEY = "with-key";
export const PERSON = "alice";
/** What the password grant takes. */
export const LOGIN = { username: "USER1", password: "canary-password-PASS1" };
export const SUBJECT_TOKEN = "canary-subject-token-of-a-build";

export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

export interface CertifiedWishes {
  readonly issuer: string;
  readonly directory: string;
  /** Of ID tokens and JWT access tokens, in seconds. Read at each issue. */
  readonly life: () => number;
  /** Access tokens as JWTs for the audience `kubernetes`. Default: opaque. */
  readonly jwtAccess?: boolean;
  /** Takes pushed authorization requests (RFC 9126). Default false. */
  readonly par?: boolean;
  readonly extra?: Configuration;
}

export interface Certified extends AsyncDisposable {
  readonly socket: string;
  readonly provider: Provider;
  /** Signs as the provider does. */
  readonly sign: (claims: JWTPayload, header?: Readonly<Record<string, unknown>>) => Promise<string>;
  /** A refresh token of the public client, as an earlier sign-in would have given it. */
  refreshToken(sub: string): Promise<string>;
}

type IssueTokens = (clientId: string, sub: string, scope: string) => Promise<Record<string, unknown>>;

export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

const KID = "provider-key-1";

export async function signingKey(kid = KID): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const about = { kid, alg: "RS256", use: "sig" };
  return {
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), ...about },
    privateJwk: { ...(await exportJWK(privateKey)), ...about },
  };
}

/** RSA keys take long to make, so a test file has one. */
const KEY = signingKey();
/** What the client `with-key` signs with. */
export const clientKey = generateKeyPair("ES256", { extractable: true });

const LOOPBACK = [
  "http://localhost",
  "http://127.0.0.1",
  "http://localhost/callback",
  "http://127.0.0.1/callback",
];
const SCOPES = ["openid", "offline_access", "email", "profile", "groups"];
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

const clients = (ownKey: JWK): ClientMetadata[] => {
  const native: ClientMetadata = {
    client_id: PUBLIC,
    application_type: "native",
    redirect_uris: LOOPBACK,
    post_logout_redirect_uris: ["http://localhost"],
    response_types: ["code"],
    grant_types: ["authorization_code", "refresh_token", DEVICE, "password", EXCHANGE],
    token_endpoint_auth_method: "none",
  };
  const withSecret = (id: string, secret: string, method: "client_secret_basic" | "client_secret_post") => ({
    ...native,
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: method,
  });
  return [
    native,
    withSecret(CONFIDENTIAL.id, CONFIDENTIAL.secret, "client_secret_basic"),
    withSecret(IN_BODY.id, IN_BODY.secret, "client_secret_post"),
    {
      client_id: MACHINE.id,
      client_secret: MACHINE.secret,
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
      token_endpoint_auth_method: "client_secret_basic",
    },
    {
      ...native,
      client_id: WITH_KEY,
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      jwks: { keys: [ownKey] },
    },
    { ...native, client_id: WEB, application_type: "web", redirect_uris: ["https://localhost"] },
  ];
};

export async function startCertified(wishes: CertifiedWishes): Promise<Certified> {
  const key = await KEY;
  const { issuer, jwtAccess = false, par = false } = wishes;
  const life = (): number => wishes.life();
  const provider = new Provider(issuer, {
    clients: clients({ ...(await exportJWK((await clientKey).publicKey)), alg: "ES256", use: "sig" }),
    jwks: { keys: [key.privateJwk] },
    cookies: { keys: ["a key for the tests' cookies"] },
    claims: { openid: ["sub", "groups"], email: ["email"], profile: ["name"], groups: [] },
    scopes: SCOPES,
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    extraParams: ["access_type", "ttl", "reauth", "login_hint"],
    ttl: {
      IdToken: life,
      AccessToken: life,
      ClientCredentials: life,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 3600,
      AuthorizationCode: 600,
      DeviceCode: 600,
    },
    pkce: { required: () => false },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: par },
      resourceIndicators: jwtAccess
        ? {
            enabled: true,
            defaultResource: () => "https://kubernetes.example",
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
              scope: "openid email profile groups offline_access",
              audience: PUBLIC,
              accessTokenFormat: "jwt",
              accessTokenTTL: life(),
              jwt: { sign: { alg: "RS256" } },
            }),
          }
        : { enabled: false },
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, groups: ["devs"], email: `${id}@example.com`, name: id }),
    }),
    ...wishes.extra,
  });
  provider.proxy = true;
  const sign: Certified["sign"] = async (claims, header = {}) =>
    await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: KID, ...header }).sign(key.privateKey);
  const tokens = registerGrants(provider, { sign, life });
  // As the provider does for native clients on loopback, and for https on localhost too.
  provider.Client.prototype.redirectUriAllowed = function allowed(value: string): boolean {
    return this.redirectUris?.includes(value.replace(/:\d+(?=\/|$)/, "")) === true;
  };
  const socket = join(wishes.directory, "provider.sock");
  const answer = provider.callback();
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    provider,
    sign,
    refreshToken: async (sub) => String((await tokens(PUBLIC, sub, "openid"))["refresh_token"]),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type GrantContext = Parameters<Parameters<Provider["registerGrantType"]>[1]>[0];

const parametersOf = ({
  oidc,
}: GrantContext): { client: string; params: Readonly<Record<string, unknown>> } => ({
  client: oidc.client?.clientId ?? "",
  params: oidc.params,
});

/** Two grants that oidc-provider leaves to whoever wants them. */
const registerGrants = (
  provider: Provider,
  { sign, life }: { readonly sign: Certified["sign"]; readonly life: () => number },
): IssueTokens => {
  const tokens: IssueTokens = async (clientId, sub, scope) => {
    const client = await provider.Client.find(clientId);
    if (client === undefined) throw new TypeError(`no client ${clientId}`);
    const grant = new provider.Grant({ accountId: sub, clientId });
    grant.addOIDCScope(scope);
    const refresh = new provider.RefreshToken({
      accountId: sub,
      client,
      grantId: await grant.save(),
      gty: "authorization_code",
      scope,
      authTime: Math.floor(Date.now() / 1000),
      expiresWithSession: false,
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: provider.issuer,
      sub,
      aud: clientId,
      iat: now,
      exp: now + life(),
      groups: ["devs"],
    };
    return {
      token_type: "Bearer",
      expires_in: life(),
      id_token: await sign(claims),
      refresh_token: await refresh.save(),
      access_token: await sign({ ...claims, jti: crypto.randomUUID() }, { typ: "at+jwt" }),
    };
  };
  const refuse = (
    context: Parameters<Parameters<Provider["registerGrantType"]>[1]>[0],
    error: string,
  ): void => {
    context.status = 400;
    context.body = { error, error_description: "the test says no" };
  };
  provider.registerGrantType(
    "password",
    async (context) => {
      const { client, params } = parametersOf(context);
      if (params["username"] === LOGIN.username && params["password"] === LOGIN.password)
        context.body = await tokens(client, LOGIN.username, String(params["scope"]));
      else refuse(context, "invalid_grant");
    },
    ["username", "password", "scope"],
  );
  provider.registerGrantType(
    EXCHANGE,
    async (context) => {
      const { client, params } = parametersOf(context);
      if (params["subject_token"] === SUBJECT_TOKEN) {
        const all = await tokens(client, "build-17", "openid");
        context.body = { ...all, issued_token_type: "urn:ietf:params:oauth:token-type:id_token" };
      } else refuse(context, "invalid_grant");
    },
    ["subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope"],
  );
  return tokens;
};
