import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { fakeCloud, person, type Asked, type Person } from "../../../test/auth-provider-scene.ts";
import { withoutEcho } from "../../base/echo.ts";

test.each([
  ["as it is", 'no c4nary/& =+"é here', "no [redacted] here"],
  ["in a URL", `no ${encodeURIComponent('c4nary/& =+"é')} here`, "no [redacted] here"],
  ["in a form", "no c4nary%2F%26+%3D%2B%22%C3%A9 here", "no [redacted] here"],
  ["in JSON", 'no c4nary/& =+\\"é here', "no [redacted] here"],
  ["in base64", `no ${Buffer.from('c4nary/& =+"é').toString("base64")} here`, "no [redacted] here"],
])("a secret that was sent goes, %s", (_name, text, wanted) => {
  expect(withoutEcho(text, ["", "abc", 'c4nary/& =+"é'])).toBe(wanted);
});

/** A server that repeats what it was asked, in the words of the fields that are shown. */
const parrot = (asked: Asked, status: number): { status: number; body: unknown } => {
  if (asked.path.startsWith("/.well-known"))
    return { status: 200, body: { token_endpoint: "https://issuer.example/token" } };
  const basic = String(asked.headers["authorization"] ?? "").replace("Basic ", "");
  const heard = `${asked.body} ${Object.values(asked.form).join(" ")} ${basic} ${Buffer.from(basic, "base64").toString()}`;
  return {
    status,
    body:
      status === 500
        ? heard
        : { error: "no", error_description: heard, error_uri: heard, code: 1, message: heard },
  };
};
const keystone = (asked: Asked): { status: number; body: unknown } => ({
  status: 401,
  body: { error: { message: asked.body } },
});

const SECRET = "c4nary-p";
const OIDC = {
  "idp-issuer-url": "https://issuer.example",
  "client-id": "me",
  "client-secret": `${SECRET}/1`,
  "refresh-token": `${SECRET} 2`,
};
const AZURE = {
  "client-id": "me",
  "tenant-id": "t",
  "apiserver-id": "a",
  environment: "AzurePublicCloud",
  "access-token": `${SECRET}3`,
  "refresh-token": `${SECRET}4`,
  "expires-in": "1",
  "expires-on": "1",
};
const OPENSTACK = {
  ttl: "10m0s",
  identityEndpoint: "https://keystone.example/v3",
  username: "me",
  password: `${SECRET}"5`,
  name: "d",
};

describe("no error repeats what was sent (R-H2)", () => {
  test.each<
    [string, string, Readonly<Record<string, string>>, (asked: Asked) => { status: number; body: unknown }]
  >([
    ["oidc, in the fields of an error", "oidc", OIDC, (asked) => parrot(asked, 400)],
    ["oidc, in a page", "oidc", OIDC, (asked) => parrot(asked, 500)],
    ["azure", "azure", AZURE, (asked) => parrot(asked, 400)],
    ["openstack", "openstack", OPENSTACK, keystone],
    ["gcp", "gcp", {}, (asked) => parrot(asked, 400)],
  ])("%s", async (_name, provider, config, answer) => {
    await using cloud = await fakeCloud((asked) => answer(asked));
    await using who: Person = await person(provider, config, { env: cloud.env, level: 9 });
    const file = join(who.home, ".config", "gcloud", "application_default_credentials.json");
    await mkdir(dirname(file), { recursive: true });
    const own = {
      type: "authorized_user",
      client_id: "i",
      client_secret: SECRET,
      refresh_token: `${SECRET}6`,
    };
    await writeFile(file, JSON.stringify(own));
    const ended = await (await who.source()).get().then(
      () => "",
      (error: unknown) => (error instanceof Error ? `${error.message} ${String(error.cause)}` : ""),
    );
    expect(`${ended}${who.said()}`).toContain("[redacted]");
    expect(`${ended}${who.said()}`).not.toContain("c4nary");
  });
});
