import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  fakeCloud,
  person,
  sent,
  START,
  type FakeCloud,
  type Person,
} from "../../../test/auth-provider-scene.ts";
import { failureOf } from "../../../test/failure.ts";
import { loadKubeconfig, selectContext, type ClientConfig } from "../../kubeconfig/index.ts";
import { credentialSource } from "../index.ts";

/** Answers as Google and as Keystone. */
const cloudOf = async (): Promise<FakeCloud> =>
  await fakeCloud(({ host }) =>
    host.startsWith("keystone")
      ? { status: 201, headers: { "X-Subject-Token": "canary-k" }, body: { token: {} } }
      : { body: { access_token: "canary-g", expires_in: 3600, id_token: "canary-i" } },
  );

/** A person who is signed in to a cloud, and a kubeconfig that holds nothing of that. */
const BORROWERS: readonly (readonly [string, string, (cloud: FakeCloud) => Promise<Person>])[] = [
  [
    "gcp, with Google's application default credentials",
    "Bearer canary-g",
    async (cloud) => {
      const who = await person("gcp", {}, { env: cloud.env });
      const file = join(who.home, ".config", "gcloud", "application_default_credentials.json");
      await mkdir(dirname(file), { recursive: true });
      const own = { type: "authorized_user", client_id: "i", client_secret: "s", refresh_token: "r" };
      await writeFile(file, JSON.stringify(own));
      return who;
    },
  ],
  [
    "openstack, with the variables of the environment",
    "Bearer canary-k",
    async (cloud) => {
      const own = { OS_AUTH_URL: "https://keystone.example/v3", OS_USERNAME: "me", OS_PASSWORD: "p" };
      const named = { OS_DOMAIN_NAME: "d", OS_PROJECT_NAME: "n", OS_PROJECT_ID: "t" };
      return await person("openstack", { ttl: "10m0s" }, { env: { ...cloud.env, ...own, ...named } });
    },
  ],
];

const configOf = async (who: Person): Promise<ClientConfig> =>
  selectContext(await loadKubeconfig(who.system, { explicit: who.path }), { user: "u", cluster: "c" });

describe.each(BORROWERS)("what the kubeconfig does not hold itself: %s", (_name, token, signedIn) => {
  test("is got for a kubeconfig of one's own", async () => {
    await using cloud = await cloudOf();
    await using who = await signedIn(cloud);
    expect(sent(await (await who.source()).get())).toBe(token);
  });

  test("is not got for a kubeconfig that others may write, and nothing is written to it (R-I1)", async () => {
    await using cloud = await cloudOf();
    await using who = await signedIn(cloud);
    await chmod(who.path, 0o666);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, cloud.asked.length, who.writes()]).toEqual(["KUBECONFIG_WRITABLE", 0, 0]);
    expect(message).toMatch(/^Refusing to use auth provider "(?:gcp|openstack)" of kubeconfig /);
    const allowed = credentialSource(await configOf(who), who.system, { allowWritable: true });
    expect(sent(await allowed.get())).toBe(token);
  });

  test("is not got for another user's kubeconfig", async () => {
    await using cloud = await cloudOf();
    await using who = await signedIn(cloud);
    const config = { ...(await configOf(who)), userOriginFacts: { uid: 4711, mode: 0o644 } };
    const { code } = await failureOf(credentialSource(config, who.system).get());
    expect([code, cloud.asked.length, who.writes()]).toEqual(["KUBECONFIG_WRITABLE", 0, 0]);
  });

  test("is not got where kuberc denies all (R-N10)", async () => {
    await using cloud = await cloudOf();
    await using who = await signedIn(cloud);
    const source = credentialSource(await configOf(who), who.system, { policy: { kind: "DenyAll" } });
    const { code } = await failureOf(source.get());
    expect([code, cloud.asked.length, who.writes()]).toEqual(["EXEC_DENIED", 0, 0]);
  });
});

describe("a kubeconfig that others may write", () => {
  const token = { "access-token": "canary-s", expiry: new Date(START + 3_600_000).toISOString() };

  test("gives the token that it holds, and stays as it is after a 401", async () => {
    await using who = await person("gcp", token);
    await chmod(who.path, 0o666);
    const source = await who.source();
    const credential = await source.get();
    expect(sent(credential)).toBe("Bearer canary-s");
    expect(await source.renew(credential)).toBeUndefined();
    expect([who.writes(), await who.stored()]).toEqual([0, token]);
  });

  test("does not get the default ttl of openstack written to it", async () => {
    await using who = await person("openstack", {});
    await chmod(who.path, 0o666);
    expect((await failureOf((await who.source()).get())).code).toBe("KUBECONFIG_WRITABLE");
    expect(who.writes()).toBe(0);
  });

  test("costs no refresh token that could not be saved", async () => {
    await using cloud = await cloudOf();
    const oidc = {
      "idp-issuer-url": "https://issuer.example",
      "client-id": "i",
      "refresh-token": "canary-r",
    };
    await using who = await person("oidc", oidc, { env: cloud.env });
    await chmod(who.path, 0o666);
    expect((await failureOf((await who.source()).get())).code).toBe("KUBECONFIG_WRITABLE");
    expect([cloud.asked.length, who.writes()]).toEqual([0, 0]);
  });
});
