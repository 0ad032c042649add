import {
  fakeCloud,
  idToken,
  person,
  START,
  type Answer,
  type Asked,
  type FakeCloud,
  type Person,
  type PersonOptions,
} from "./auth-provider-scene.ts";

/** An OpenID provider and a person whose kubeconfig names it. */

export const ISSUER = "https://issuer.example/realm/";
export const ENDPOINT = "https://issuer.example/realm/token";
export const NOW = START / 1000;
export const BASE = {
  "idp-issuer-url": ISSUER,
  "client-id": "my client",
  "client-secret": "canary s:crét",
  "refresh-token": "canary-r1",
};
export const OLD = idToken({ exp: NOW - 1 });
export const FRESH = idToken({ iat: NOW, exp: NOW + 3600 }, "fresh");
export const GOOD: Answer = { body: { access_token: "canary-a", token_type: "Bearer", id_token: FRESH } };

export const isDiscovery = ({ path }: Asked): boolean => path === "/realm/.well-known/openid-configuration";

/** An identity provider that answers each token request with the next of some answers. */
export const provider = async (
  answers: readonly (Answer | "cut")[],
  discovery: Answer = { body: { issuer: "https://another.example", token_endpoint: ENDPOINT } },
): Promise<FakeCloud> => {
  let turn = 0;
  return await fakeCloud((asked) => (isDiscovery(asked) ? discovery : (answers[turn++] ?? { status: 500 })));
};
export const tokenRequests = (cloud: FakeCloud): readonly Asked[] =>
  cloud.asked.filter((asked) => !isDiscovery(asked));

export const someone = async (
  config: Readonly<Record<string, string>>,
  cloud?: FakeCloud,
  options: PersonOptions = {},
): Promise<Person> =>
  await person("oidc", config, { ...options, ...(cloud === undefined ? {} : { env: cloud.env }) });
