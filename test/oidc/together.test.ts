import { watch } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { at, honest, type Bend } from "./bend.ts";
import { expire } from "./expired.ts";
import { credentialOf, inScene, type Scene } from "./scene.ts";
import { OURS, type Ended, type Running } from "./target.ts";

/** Many processes that want the same token at once. Counts are taken at the provider. */

const MANY = 50;
/** Fifty programs start on two cores. */
const LONG = 240_000;

const startMany = (
  made: Scene,
  count: number,
  words: (turn: number) => readonly string[],
): readonly Running[] =>
  Array.from({ length: count }, (_none, turn) => made.start(made.args(...words(turn)), { bound: LONG }));

/** All have a token; the same one. */
const sameToken = (made: Scene, all: readonly Ended[]): string => {
  const tokens = new Set(all.map((ended) => credentialOf(ended, made.provider).token));
  expect(tokens.size).toBe(1);
  return [...tokens][0] ?? "";
};

/** Nothing of an agreement is left. */
const nothingLeft = async (made: Scene): Promise<void> => {
  const left = await readdir(join(made.home, "kauth", "run", "oidc"));
  // A process that is killed between a draft's making and its taking away leaves it, which `kauth clean` removes.
  expect(left.filter((name) => !name.endsWith(".new"))).toEqual([]);
};

describe.runIf(OURS)("fifty processes", () => {
  const inTime = async (made: Scene, all: readonly Running[]): Promise<readonly Ended[]> => {
    const ends = await Promise.all(
      all.map(async ({ ended }) => ({ ended: await ended, time: performance.now() })),
    );
    const answered = made.provider.heard.findLast(({ path }) => path === "/token")?.time ?? 0;
    const last = Math.max(...ends.map(({ time }) => time)) - answered;
    process.stdout.write(
      `${all.length} processes: the last has its token ${Math.round(last)} ms after the provider was asked for it\n`,
    );
    return ends.map(({ ended }) => ended);
  };

  test(
    "with nothing kept: one sign-in, fifty times its token",
    async () => {
      await inScene({}, async (made) => {
        sameToken(
          made,
          await inTime(
            made,
            startMany(made, MANY, () => []),
          ),
        );
        expect([made.provider.count("/auth"), made.provider.count("/token"), await made.opened()]).toEqual([
          1, 1, 1,
        ]);
        await nothingLeft(made);
      });
    },
    LONG,
  );

  test(
    "with two parameters and two headers, in any order: the same",
    async () => {
      await inScene({}, async (made) => {
        const words = [
          ...["ttl=1", "reauth=x"].map((pair) => `--oidc-auth-request-extra-params=${pair}`),
          ...["X-One=1", "X-Two=2"].map((pair) => `--oidc-request-header=${pair}`),
        ];
        const all = startMany(made, MANY, (turn) => (turn % 2 === 0 ? words : words.toReversed()));
        sameToken(made, await inTime(made, all));
        expect([made.provider.count("/auth"), await made.opened()]).toEqual([1, 1]);
      });
    },
    LONG,
  );

  test(
    "with a token that is over: one refresh, and the refresh token that it gave is the one that is kept",
    async () => {
      await inScene({}, async (made) => {
        credentialOf(await made.getToken(), made.provider);
        await expire(made);
        sameToken(
          made,
          await inTime(
            made,
            startMany(made, MANY, () => []),
          ),
        );
        expect(made.provider.count("/token", "refresh_token")).toBe(1);
        await expire(made);
        // The provider ends a session whose refresh token is used twice.
        credentialOf(await made.getToken(), made.provider);
        expect([made.provider.count("/token", "refresh_token"), await made.opened()]).toEqual([2, 1]);
        await nothingLeft(made);
      });
    },
    LONG,
  );
});

/** The process that leads, by its lock. */
const leaderOf = async (made: Scene, all: readonly Running[]): Promise<Running> => {
  const place = join(made.home, "kauth", "run", "oidc");
  for (;;) {
    for (const name of await readdir(place).catch(() => []))
      if (name.endsWith(".lock")) {
        const text = await readFile(join(place, name), "utf8").catch(() => "");
        const found = all.find(({ child }) => text.includes(`"pid":${child.pid}`));
        if (found !== undefined) return found;
      }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

interface Point {
  readonly name: string;
  /** Where the first request that is meant is kept waiting, and nobody is ever answered. */
  readonly hold?: (path: string, grant: string | null) => boolean;
  /** A file whose appearance below the home is the moment. */
  readonly file?: RegExp;
  /** A token that is over, and a refresh token, are there already. */
  readonly kept?: boolean;
}

const code = (path: string, grant: string | null): boolean =>
  path === "/token" && grant === "authorization_code";
const refresh = (path: string, grant: string | null): boolean =>
  path === "/token" && grant === "refresh_token";

const POINTS: readonly Point[] = [
  { name: "when it has become the leader", file: /oidc\/[0-9a-f]{32}\.lock$/ },
  { name: "when it asks for the provider's metadata", hold: (path) => path.includes("openid-configuration") },
  { name: "when it notes that it asks a person", file: /\.tried$/ },
  { name: "when its browser asks the provider", hold: (path) => path === "/auth" },
  { name: "when it has sent the code", hold: code },
  { name: "when it has the tokens and asks for the keys", hold: (path) => path === "/jwks" },
  { name: "when it begins to write the entry", file: /cache\/.*\.new$/ },
  { name: "when it has written the entry", file: /cache\/[0-9a-f]{64}\.json$/ },
  { name: "when it has sent the refresh token", hold: refresh, kept: true },
  { name: "when it writes what the refresh gave", file: /cache\/.*\.new$/, kept: true },
];

/** Resolves when such a file appears. */
const appears = async (directories: readonly string[], file: RegExp): Promise<void> => {
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
  await new Promise<void>((resolve) => {
    const watchers = directories.map((directory) =>
      watch(directory, (_event, name) => {
        if (!file.test(join(directory, name ?? ""))) return;
        for (const each of watchers) each.close();
        resolve();
      }),
    );
  });
};

describe.runIf(OURS)("a leader that is killed", () => {
  test.each(POINTS)(
    "$name costs nobody the token",
    async ({ hold, file, kept = false }) => {
      await inScene({}, async (made) => {
        if (kept) {
          credentialOf(await made.getToken(), made.provider);
          await expire(made);
        }
        let reached: () => void = () => undefined;
        const moment =
          file === undefined
            ? new Promise<void>((resolve) => (reached = resolve))
            : appears([made.cache, join(made.home, "kauth", "run", "oidc")], file);
        let held = false;
        const bend: Bend = async (heard, bending) => {
          if (held || hold?.(heard.path, heard.form.get("grant_type")) !== true) return await bending.pass();
          held = true;
          reached();
          return "silence";
        };
        made.provider.bend = bend;
        const opened = await made.opened();
        const all = startMany(made, 4, () => []);
        const leader = await leaderOf(made, all);
        await moment;
        leader.child.kill("SIGKILL");
        await leader.ended;
        const others = all.filter((each) => each !== leader);
        sameToken(made, await Promise.all(others.map(async ({ ended }) => await ended)));
        expect((await made.opened()) - opened).toBeLessThanOrEqual(2);
        made.provider.bend = honest;
        // Whatever it left, the next one finds its way.
        credentialOf(await made.getToken(), made.provider);
        await nothingLeft(made);
      });
    },
    LONG,
  );
});

describe.runIf(OURS)("a sign-in that comes to nothing", () => {
  test(
    "is told to all that wait, and nobody is asked again for a while",
    async () => {
      await inScene({ browser: { mode: "cancel" } }, async (made) => {
        const all = await Promise.all(startMany(made, 10, () => []).map(async ({ ended }) => await ended));
        for (const ended of all) expect(ended).toMatchObject({ code: 1, stdout: "" });
        for (const ended of all) expect(ended.stderr).toMatch(/OIDC_LOGIN_REFUSED|OIDC_LOGIN_WAITS/);
        expect(await made.opened()).toBe(1);
        const later = await made.getToken();
        expect(later).toMatchObject({ code: 1, stdout: "" });
        expect(later.stderr).toMatch(/the last sign-in failed .* ago: .*access_denied/);
        expect(later.stderr).toContain("login --oidc-issuer-url");
        expect(await made.opened()).toBe(1);
      });
    },
    LONG,
  );
});

/** What a client does after a 401: it asks again at once, as the same process, for the same. */
describe.runIf(OURS)("a token that a server refuses", () => {
  test("is refreshed once, and then it is explained", async () => {
    await inScene({}, async (made) => {
      const env = {
        KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", spec: {} }),
      };
      const ask = async (): Promise<Ended> => await made.run(made.args(), { env });
      credentialOf(await ask(), made.provider);
      expect(made.provider.count("/token", "refresh_token")).toBe(0);
      const second = await ask();
      credentialOf(second, made.provider);
      expect(made.provider.count("/token", "refresh_token")).toBe(1);
      expect(second.stderr).not.toContain("refuse");
      const third = await ask();
      credentialOf(third, made.provider);
      expect(third.stderr).toContain("The server seems to refuse this token");
      expect([made.provider.count("/token", "refresh_token"), await made.opened()]).toEqual([1, 1]);
    });
  });

  test("and whose refresh is not answered is handed out all the same", async () => {
    await inScene({}, async (made) => {
      const env = {
        KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", spec: {} }),
      };
      const first = credentialOf(await made.run(made.args(), { env }), made.provider);
      made.provider.bend = at("/token", () => "cut");
      const second = await made.run(made.args(), { env });
      expect(credentialOf(second, made.provider).token).toBe(first.token);
      expect(await made.opened()).toBe(1);
    });
  });
});

test.runIf(OURS)("each account has an entry of its own, and the provider is told its name", async () => {
  await inScene({}, async (made) => {
    const one = credentialOf(await made.getToken("--account=one@example.com"), made.provider);
    await made.getToken("--account=two@example.com");
    expect(
      made.provider.heard.filter(({ path }) => path === "/auth").map(({ query }) => query.get("login_hint")),
    ).toEqual(["one@example.com", "two@example.com"]);
    expect(credentialOf(await made.getToken("--account=one@example.com"), made.provider).token).toBe(
      one.token,
    );
    expect((await readdir(made.cache)).filter((name) => name.endsWith(".json"))).toHaveLength(2);
  });
});
