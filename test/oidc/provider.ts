import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Provider } from "oidc-provider";
import { createAuthority } from "../../src/base/x509.ts";
import { epochMillis } from "../../src/base/units.ts";

export interface ProviderWishes {
  /** `sub` of the one account. */
  readonly account: string;
  readonly groups: readonly string[];
  /** Life of an ID token, in seconds. */
  readonly life: number;
  /** Where the authority's PEM file goes. */
  readonly directory: string;
}

/** A certified OpenID provider on 127.0.0.1, over HTTPS, with one confidential client. */
export interface TestProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly caFile: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How often the token endpoint was asked. */
  readonly tokenRequests: number;
  /** A refresh token as a sign-in would have given it. It is replaced at each use. */
  refreshToken(): Promise<string>;
}

const CLIENT = { id: "kauth", secret: "kauth-test-client-secret" };
const SCOPE = "openid offline_access";

export async function startProvider(wishes: ProviderWishes): Promise<TestProvider> {
  const now = Date.now();
  const valid = { notBefore: epochMillis(now - 60_000), notAfter: epochMillis(now + 86_400_000) };
  const authority = createAuthority({ commonName: "test provider authority", ...valid });
  const leaf = authority.issue({ commonName: "127.0.0.1", names: ["127.0.0.1"], use: "server", ...valid });
  const caFile = join(wishes.directory, "provider-ca.pem");
  await writeFile(caFile, authority.cert);
  const server = createServer({ cert: leaf.cert, key: leaf.key });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: ["http://127.0.0.1/callback"],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub", "groups"] },
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    features: { devInteractions: { enabled: false } },
    ttl: { IdToken: wishes.life, AccessToken: wishes.life, RefreshToken: 3600, Grant: 3600 },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, groups: [...wishes.groups] }),
    }),
  });
  let tokenRequests = 0;
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/token") === true) tokenRequests += 1;
    void answer(request, response);
  });
  return {
    issuer,
    caFile,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    get tokenRequests() {
      return tokenRequests;
    },
    refreshToken: async () => {
      const client = await provider.Client.find(CLIENT.id);
      if (client === undefined) throw new TypeError("the provider has no client");
      const grant = new provider.Grant({ accountId: wishes.account, clientId: CLIENT.id });
      grant.addOIDCScope(SCOPE);
      const token = new provider.RefreshToken({
        accountId: wishes.account,
        client,
        grantId: await grant.save(),
        gty: "authorization_code",
        scope: SCOPE,
        authTime: Math.floor(Date.now() / 1000),
        expiresWithSession: false,
      });
      return await token.save();
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
