import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainServer } from "../../../test/api-server.ts";
import {
  fakeCloud,
  person,
  sent,
  START,
  type Answer,
  type FakeCloud,
  type Person,
} from "../../../test/auth-provider-scene.ts";
import { someone } from "../../../test/gcp-scene.ts";
import { failureOf } from "../../../test/failure.ts";

const SCOPES =
  "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email";
const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = (type: "pkcs1" | "pkcs8"): string => KEY.privateKey.export({ type, format: "pem" }).toString();
const ACCOUNT = {
  type: "service_account",
  client_email: "robot@project.example",
  private_key_id: "key-1",
  private_key: pem("pkcs8"),
};
const USER = {
  type: "authorized_user",
  client_id: "client",
  client_secret: "canary-s",
  refresh_token: "canary-r",
};
const TOKEN: Answer = { body: { access_token: "canary-a", token_type: "Bearer", expires_in: 3599 } };

const google = async (answer: Answer | "cut" = TOKEN): Promise<FakeCloud> => await fakeCloud(() => answer);

/** A person with application default credentials, in gcloud's place or where the environment says. */
const withCredentials = async (
  cloud: FakeCloud,
  file: unknown,
  options: {
    readonly place?: "environment" | "well-known";
    readonly config?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly who: Person; readonly system: Person["system"]; readonly path: string }> => {
  const who = await person("gcp", options.config ?? {}, { env: cloud.env, level: 9 });
  const place = options.place ?? "environment";
  const path =
    place === "environment"
      ? join(who.home, "key.json")
      : join(who.home, ".config", "gcloud", "application_default_credentials.json");
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, typeof file === "string" ? file : JSON.stringify(file));
  const env = place === "environment" ? { GOOGLE_APPLICATION_CREDENTIALS: path } : {};
  return { who, system: { ...who.system, env: { ...who.system.env, ...env } }, path };
};

const readAssertion = (assertion: string): readonly [header: unknown, claims: unknown, signed: boolean] => {
  const [header = "", claims = "", signature = ""] = assertion.split(".");
  const json = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
  const signed = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    createPublicKey(KEY.publicKey.export({ type: "spki", format: "pem" })),
    Buffer.from(signature, "base64url"),
  );
  return [json(header), json(claims), signed];
};

describe("Google's application default credentials", () => {
  const NOW = START / 1000;
  test.each([
    ["PKCS #8", "environment", ACCOUNT, {}, { scope: SCOPES }, { kid: "key-1" }],
    [
      "PKCS #1",
      "environment",
      { ...ACCOUNT, private_key: pem("pkcs1") },
      {},
      { scope: SCOPES },
      { kid: "key-1" },
    ],
    ["in gcloud's place", "well-known", ACCOUNT, {}, { scope: SCOPES }, { kid: "key-1" }],
    [
      "without the key's name",
      "environment",
      { ...ACCOUNT, private_key_id: undefined },
      {},
      { scope: SCOPES },
      {},
    ],
    ["scopes", "environment", ACCOUNT, { scopes: "a,b" }, { scope: "a b" }, { kid: "key-1" }],
    ["no scopes", "environment", ACCOUNT, { scopes: "" }, {}, { kid: "key-1" }],
    [
      "an audience of its own",
      "environment",
      { ...ACCOUNT, audience: "https://aud.example" },
      {},
      { scope: SCOPES, aud: "https://aud.example" },
      { kid: "key-1" },
    ],
  ] as const)("a service account: %s", async (_name, place, file, config, claims, header) => {
    await using cloud = await google();
    const { who, system } = await withCredentials(cloud, file, { place, config });
    await using _who = who;
    const credential = await (await who.source(system)).get();
    expect([sent(credential), credential.expiresAt]).toEqual(["Bearer canary-a", START + 3_599_000]);
    const [asked] = cloud.asked;
    expect([asked?.method, asked?.host, asked?.path, cloud.proxied]).toEqual([
      "POST",
      "oauth2.googleapis.com",
      "/token",
      ["oauth2.googleapis.com:443"],
    ]);
    expect(asked?.form["grant_type"]).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    expect(readAssertion(asked?.form["assertion"] ?? "")).toEqual([
      { alg: "RS256", typ: "JWT", ...header },
      {
        iss: "robot@project.example",
        aud: "https://oauth2.googleapis.com/token",
        iat: NOW - 10,
        exp: NOW - 10 + 3600,
        ...claims,
      },
      true,
    ]);
    expect(await who.stored()).toMatchObject({ "access-token": "canary-a", expiry: "2030-01-01T00:59:59Z" });
  });

  test.each(["environment", "well-known"] as const)("a person's, from the %s", async (place) => {
    await using cloud = await google();
    const { who, system } = await withCredentials(cloud, USER, { place });
    await using _who = who;
    expect(sent(await (await who.source(system)).get())).toBe("Bearer canary-a");
    expect(cloud.asked[0]?.headers["authorization"]).toBeUndefined();
    expect(cloud.asked[0]?.form).toEqual({
      grant_type: "refresh_token",
      refresh_token: "canary-r",
      client_id: "client",
      client_secret: "canary-s",
    });
  });

  test("the environment's file goes before gcloud's", async () => {
    await using cloud = await google();
    const { who, system } = await withCredentials(cloud, USER);
    await using _who = who;
    const place = join(who.home, ".config", "gcloud");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "application_default_credentials.json"), JSON.stringify(ACCOUNT));
    await (await who.source(system)).get();
    expect(cloud.asked[0]?.form["grant_type"]).toBe("refresh_token");
  });

  test("a token_uri of the file is asked", async () => {
    await using cloud = await google();
    const { who, system } = await withCredentials(cloud, {
      ...ACCOUNT,
      token_uri: "https://issuer.example/t",
    });
    await using _who = who;
    await (await who.source(system)).get();
    expect([cloud.asked[0]?.host, cloud.asked[0]?.path]).toEqual(["issuer.example", "/t"]);
    expect(readAssertion(cloud.asked[0]?.form["assertion"] ?? "")[1]).toMatchObject({
      aud: "https://issuer.example/t",
    });
  });

  const VARIABLE =
    "google: error getting credentials using GOOGLE_APPLICATION_CREDENTIALS environment variable: ";
  const others = ["external_account", "external_account_authorized_user", "impersonated_service_account"];
  test.each<[string, unknown, string]>([
    ["no JSON", "canary", "value must be an object, not missing"],
    ["a list", [], "value must be an object, not a list"],
    ["no type", {}, "missing 'type' field in credentials"],
    ["an unknown type", { type: "canary\u001b" }, 'unknown credential type: "canary\\u001b"'],
    ...others.map((type): [string, unknown, string] => [
      type,
      { ...ACCOUNT, type },
      `credential type "${type}" needs services that kauth does not speak to`,
    ]),
  ])("%s is refused with the reason", async (_name, file, wanted) => {
    await using cloud = await google();
    const { who, system } = await withCredentials(cloud, file);
    await using _who = who;
    const { code, message } = await failureOf((await who.source(system)).get());
    expect([code, message]).toEqual([
      "AUTH_PROVIDER_FAILED",
      `cannot construct google default token source: ${VARIABLE}${wanted}`,
    ]);
    expect(cloud.asked).toEqual([]);
  });

  test("a file that is not there", async () => {
    await using who = await someone({}, { env: { GOOGLE_APPLICATION_CREDENTIALS: "/none.json" } });
    expect((await failureOf((await who.source()).get())).message).toBe(
      `cannot construct google default token source: ${VARIABLE}open /none.json: no such file or directory`,
    );
  });

  test("gcloud's file that cannot be used", async () => {
    await using cloud = await google();
    const { who, system, path } = await withCredentials(cloud, { type: "x" }, { place: "well-known" });
    await using _who = who;
    expect((await failureOf((await who.source(system)).get())).message).toBe(
      `cannot construct google default token source: google: error getting credentials using well-known file (${path}): unknown credential type: "x"`,
    );
  });

  test.each<[string, unknown, Answer | "cut", string | RegExp]>([
    [
      "a refusal",
      USER,
      { status: 400, body: { error: "invalid_grant", error_description: "Bad Request" } },
      'oauth2: "invalid_grant" "Bad Request"',
    ],
    [
      "a page",
      ACCOUNT,
      { status: 500, body: "no" },
      "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: no",
    ],
    ["no token", ACCOUNT, { body: {} }, "oauth2: server response missing access_token"],
    ["a broken connection", USER, "cut", /^The connection to https:\/\/oauth2\.googleapis\.com was lost/],
    [
      "no refresh token",
      { ...USER, refresh_token: "" },
      TOKEN,
      "oauth2: token expired and refresh token is not set",
    ],
    [
      "no key",
      { ...ACCOUNT, private_key: "canary" },
      TOKEN,
      "private key should be a PEM or plain PKCS1 or PKCS8; it cannot be read",
    ],
    [
      "a key of another kind",
      {
        ...ACCOUNT,
        private_key: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
      },
      TOKEN,
      "private key should be a PEM or plain PKCS1 or PKCS8; it is of the type ed25519",
    ],
    [
      "a token_uri that is none",
      { ...USER, token_uri: "file:///x" },
      TOKEN,
      'token_uri "file:///x" is no http or https URL',
    ],
  ])("%s", async (_name, file, answer, wanted) => {
    await using cloud = await google(answer);
    const { who, system } = await withCredentials(cloud, file);
    await using _who = who;
    const { message } = await failureOf((await who.source(system)).get());
    if (typeof wanted === "string") expect(message).toBe(wanted);
    else expect(message).toMatch(wanted);
    expect(`${message}${who.said()}`).not.toMatch(/canary|PRIVATE KEY/);
  });
});

describe("a machine in Google's cloud", () => {
  test("gives its own account's token", async () => {
    const asked: (string | string[] | undefined)[][] = [];
    await using server = await plainServer((request, response) => {
      asked.push([request.url, request.headers["metadata-flavor"]]);
      response.end(JSON.stringify({ access_token: "canary-m", expires_in: 60, token_type: "Bearer" }));
    });
    await using who = await someone(
      { scopes: "a,b" },
      { env: { GCE_METADATA_HOST: `127.0.0.1:${server.port}` } },
    );
    const credential = await (await who.source()).get();
    expect([sent(credential), credential.expiresAt]).toEqual(["Bearer canary-m", START + 60_000]);
    expect(asked).toEqual([
      ["/computeMetadata/v1/instance/service-accounts/default/token?scopes=a%2Cb", "Google"],
    ]);
  });

  test("is asked directly also where a proxy could be", async () => {
    await using cloud = await google();
    const env = {
      ...cloud.env,
      HTTP_PROXY: cloud.env["HTTPS_PROXY"] ?? "",
      GCE_METADATA_HOST: "metadata.invalid",
    };
    await using who = await someone({}, { env });
    expect((await failureOf((await who.source()).get())).code).toBe("DNS_FAILED");
    expect(cloud.proxied).toEqual([]);
  });

  test("that has none for us says so", async () => {
    await using server = await plainServer((_request, response) => response.writeHead(404).end("no account"));
    await using who = await someone({}, { env: { GCE_METADATA_HOST: `127.0.0.1:${server.port}` } });
    expect((await failureOf((await who.source()).get())).message).toBe(
      "oauth2: cannot fetch token: 404 Not Found\nResponse: no account",
    );
  });

  test("anywhere else nothing is waited for longer than a second", async () => {
    await using who = await someone();
    const began = performance.now();
    const { code, message, hint } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual([
      "AUTH_PROVIDER_FAILED",
      "cannot construct google default token source: google: could not find default credentials. See https://developers.google.com/accounts/docs/application-default-credentials for more information.",
    ]);
    expect(hint).toContain("gcloud auth application-default login");
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
