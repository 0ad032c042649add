import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { writeKubeconfig } from "../kubeconfigs.ts";
import { credentialOf, inScene, keepsSecrets, type Scene } from "./scene.ts";
import { KAUTH } from "./target.ts";
import { sameEntry } from "./own-commands.ts";

/** `kauth oidc doctor` against the certified provider and a cluster. */

interface Finding {
  readonly id: string;
  readonly state: string;
  readonly found: string;
  readonly next?: string;
}

interface Looked {
  readonly code: number | null;
  readonly of: (id: string) => Finding | undefined;
  readonly bad: readonly string[];
  readonly warnings: readonly string[];
}

const look = async (made: Scene, ...words: readonly string[]): Promise<Looked> => {
  const ended = await made.run(["oidc", "doctor", "-o", "json", ...words], { command: KAUTH });
  expect(ended.stdout, ended.stderr).not.toBe("");
  keepsSecrets(ended, made.provider);
  const { findings } = JSON.parse(ended.stdout) as { findings: readonly Finding[] };
  const ids = (state: string): readonly string[] =>
    findings.filter((each) => each.state === state).map(({ id }) => id);
  return {
    code: ended.code,
    of: (id) => findings.find((each) => each.id === id),
    bad: ids("bad"),
    warnings: ids("warning"),
  };
};

describe.concurrent("a provider alone", () => {
  test.each([{ https: false }, { https: true }])(
    "that is as it should be, https $https",
    async ({ https }) => {
      await inScene({ https }, async (made) => {
        const seen = await look(made, ...sameEntry(made, "--oidc-extra-scope=offline_access,email"));
        expect(seen.bad).toEqual([]);
        expect(seen.code).toBe(0);
        expect(seen.of("client")?.found).toBe("the provider takes client kubernetes without a secret");
        expect(seen.of("redirect")?.state).toBe("ok");
        expect(seen.of("pkce")?.state).toBe("ok");
        expect(seen.of("offline")?.found).toContain("offline_access asks for a refresh token");
        // Nobody was asked anything.
        expect(await made.opened()).toBe(0);
      });
    },
  );

  test("whose authority nobody trusts is named as the one that is missing", async () => {
    await inScene({ https: true }, async (made) => {
      const words = sameEntry(made).filter((word) => !word.startsWith("--certificate-authority"));
      const seen = await look(made, ...words);
      expect(seen).toMatchObject({ code: 1, bad: ["discovery"] });
      expect(seen.of("discovery")?.found).toContain("[TLS_UNTRUSTED]");
      expect(seen.of("discovery")?.next).toMatch(
        /^What answers there says that it is the provider, .* --certificate-authority FILE\./,
      );
    });
  });

  test("that does not know the client, or where its answer goes", async () => {
    await inScene({}, async (made) => {
      const stranger = await look(made, ...sameEntry(made, "--oidc-client-id=nobody"));
      expect(stranger.code).toBe(1);
      expect(stranger.of("client")).toMatchObject({ state: "bad" });
      expect(stranger.of("client")?.next).toContain("Check the client ID");
      expect(stranger.of("redirect")).toMatchObject({ state: "bad" });
      const elsewhere = await look(made, ...sameEntry(made, "--oidc-redirect-url=http://localhost:1/other"));
      expect(elsewhere.bad).toEqual(["redirect"]);
      expect(elsewhere.of("redirect")?.next).toContain(
        "Register http://localhost:1/other for client kubernetes, exactly so",
      );
    });
  });
});

describe.concurrent("renewal", () => {
  test("--renew says whether refresh tokens are good once, and keeps what came", async () => {
    await inScene({}, async (made) => {
      const first = credentialOf(await made.getToken(), made.provider);
      const quiet = await look(made, ...sameEntry(made));
      expect(quiet.of("renewal")).toBeUndefined();
      expect(quiet.of("cache")?.found).toContain("you are signed in, and tokens are renewed without asking");
      expect(quiet.of("offline")).toMatchObject({ state: "ok" });
      const seen = await look(made, ...sameEntry(made), "--renew");
      expect(seen.of("renewal")?.found).toContain("each refresh token is good once (it is rotated)");
      const next = credentialOf(await made.getToken("--force-refresh"), made.provider);
      expect(next.token).not.toBe(first.token);
      expect(await made.opened()).toBe(1);
    });
  });
});

/** A kubeconfig whose user signs in at the provider, by a plugin that answers with what is kept. */
const clusterScene = async (
  body: (
    made: Scene,
    cluster: { readonly path: string; readonly accept: (rights: "all" | "none") => void },
  ) => Promise<void>,
): Promise<void> => {
  await using demo = await testDemo();
  await inScene({}, async (made) => {
    const args = made.args("--oidc-extra-scope=email");
    const { token } = credentialOf(await made.run(args), made.provider);
    const plugin = join(made.home, "kubelogin");
    const call = KAUTH.map((word) => `'${word}'`).join(" ");
    await writeFile(plugin, `#!/bin/sh\nexec ${call} oidc "$@"\n`);
    await chmod(plugin, 0o755);
    const user = {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: plugin,
        args,
        interactiveMode: "IfAvailable",
      },
    };
    const path = await writeKubeconfig(demo, made.home, "config", { user });
    await body(made, {
      path,
      accept: (rights) => {
        demo.cluster.people.add({ username: "oidc:alice", uid: "", groups: [], rights });
        demo.cluster.people.issue(token, "oidc:alice");
      },
    });
  });
};

describe.concurrent("and the cluster", () => {
  test("that knows you, but no group of yours, and gives you nothing", async () => {
    await clusterScene(async (made, { path, accept }) => {
      accept("none");
      const seen = await look(made, `--kubeconfig=${path}`);
      expect(seen).toMatchObject({ code: 0, bad: [] });
      expect(seen.of("settings")?.found).toContain('from user "person" of the kubeconfig');
      expect(seen.of("token")?.found).toContain(`issuer "${made.provider.issuer}"`);
      expect(seen.of("cluster")?.found).toBe("you are oidc:alice");
      expect(seen.of("groups")?.next).toContain("--oidc-groups-claim=groups");
      expect(seen.of("rights")?.next).toContain("--clusterrole=view --user='oidc:alice' -n apps");
    });
  });

  test("that refuses the token, with what it is told: the audience is another", async () => {
    await clusterScene(async (made, { path }) => {
      const config = join(made.home, "authentication.yaml");
      await writeFile(
        config,
        `apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: "${made.provider.issuer}", audiences: [another]}
  claimMappings: {username: {claim: email, prefix: ""}}
`,
      );
      const seen = await look(made, `--kubeconfig=${path}`, `--api-server-config=${config}`);
      expect(seen.code).toBe(1);
      expect(seen.bad).toEqual(["cluster", "refusal/audience"]);
      expect(seen.of("cluster")?.found).toContain("[UNAUTHORIZED]");
      expect(seen.of("refusal/audience")?.found).toBe(
        'the token is for "kubernetes" (aud), and the API server takes "another"',
      );
    });
  });

  test("that refuses the token, and nobody knows what it is told", async () => {
    await clusterScene(async (made, { path }) => {
      const seen = await look(made, `--kubeconfig=${path}`);
      expect(seen.bad).toEqual(["cluster", "refusal/compare"]);
      expect(seen.of("refusal/compare")?.found).toContain(
        `issuer "${made.provider.issuer}"; audience "kubernetes"; signed with RS256; claims sub, email, groups`,
      );
    });
  });
});
