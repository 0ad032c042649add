import { afterAll, beforeAll, expect, test } from "vitest";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProvider, type TestProvider } from "../oidc/provider.ts";
import { findKubectl } from "./kubectl.ts";
import type { Outcome } from "./outcome.ts";
import { KAUTH, kubectlContender, play, type Contender } from "./play.ts";
import { createScene, type Scene } from "./scene.ts";

let scene: Scene;
let provider: TestProvider;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-provider-"));
  scene = await createScene();
  provider = await startProvider({ account: "alice", groups: ["devs"], life: 300, directory });
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

interface Written {
  readonly users: readonly {
    readonly user: { readonly "auth-provider": { readonly config: Readonly<Record<string, string>> } };
  }[];
}

const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Readonly<
    Record<string, unknown>
  >;

/** A refresh, and what it left in the kubeconfig, without what is new each time. */
const refreshed = async (contender: Contender): Promise<unknown> => {
  const first = await provider.refreshToken();
  const asked = provider.tokenRequests;
  const outcome: Outcome = await play(
    {
      tries: "§3.1",
      name: "a certified provider",
      user: {
        "auth-provider": {
          name: "oidc",
          config: {
            "idp-issuer-url": provider.issuer,
            "client-id": provider.clientId,
            "client-secret": provider.clientSecret,
            "idp-certificate-authority-data": (await readFile(provider.caFile)).toString("base64"),
            "refresh-token": first,
          },
        },
      },
    },
    scene,
    contender,
  );
  expect(outcome).toMatchObject({ done: true, message: "", said: [] });
  const sent = outcome.requests[0]?.identity[0]?.replace("authorization: Bearer ", "") ?? "";
  const { iss, aud, sub, groups } = claimsOf(sent);
  const written = outcome.written["kube/config"] as Written;
  const config = written.users[0]?.user["auth-provider"].config ?? {};
  const { "id-token": idToken, "refresh-token": refreshToken, ...kept } = config;
  return {
    requests: outcome.requests.length,
    tokenRequests: provider.tokenRequests - asked,
    claims: { iss, aud, sub, groups },
    savedWhatWasSent: idToken === sent,
    rotated: refreshToken !== undefined && refreshToken !== first,
    kept,
  };
};

test("a certified provider: the same is refreshed, sent and saved", async () => {
  const wanted = await refreshed(kubectlContender(findKubectl(process.env)));
  expect(wanted).toMatchObject({
    tokenRequests: 1,
    claims: { sub: "alice" },
    savedWhatWasSent: true,
    rotated: true,
  });
  expect(await refreshed(KAUTH)).toEqual(wanted);
});
