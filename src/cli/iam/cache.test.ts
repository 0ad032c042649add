import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { awsHome, tokenOf, type AwsScene, type Home } from "../../../test/aws/scene.ts";
import { fakeSts, type AwsService } from "../../../test/aws/services.ts";
import { epochMillis } from "../../base/units.ts";

const ROLE = "arn:aws:iam::111122223333:role/Dev";
const LINE = `iam token -i c --region eu-west-1 -r ${ROLE}`;
const KNOWN = { AKIAENV: { secret: "e" }, AKIAOTHER: { secret: "o" } };
const NOW = Date.parse("2026-05-01T12:00:00Z");
const MINUTE = 60_000;
let parents = 1_000_000;

const scene = (
  sts: AwsService,
  time = NOW,
  env: Readonly<Record<string, string>> = {},
  /** Each command has been started by another process. */
  parent = parents++,
): AwsScene => ({
  env: { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e", AWS_ENDPOINT_URL_STS: sts.url, ...env },
  system: { now: () => epochMillis(time), parent },
});
const kept = async ({ path }: Home): Promise<readonly string[]> =>
  (await readdir(join(path, "cache", "iam")).catch(() => [])).filter((name) => name.endsWith(".json"));
const dateOf = (outcome: Parameters<typeof tokenOf>[0]): string | null =>
  tokenOf(outcome).url.searchParams.get("X-Amz-Date");

describe("what is expensive is kept", () => {
  test("keys of a role, and the token; files of mode 0600 in a directory of 0700", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    const first = await home.run(LINE, scene(sts));
    expect(first).toMatchObject({ status: 0, err: "" });
    expect(await home.run(LINE, scene(sts, NOW + MINUTE))).toMatchObject({ out: first.out, err: "" });
    expect(sts.asked).toHaveLength(1);
    const names = await kept(home);
    expect(names).toHaveLength(2);
    const directory = join(home.path, "cache", "iam");
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of names) {
      expect(name).toMatch(/^[0-9a-f]{64}\.json$/);
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
  });

  test("one role for many clusters, a token for each", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    for (const cluster of ["c", "d", "e"]) await home.run(LINE.replace("-i c", `-i ${cluster}`), scene(sts));
    expect(sts.asked).toHaveLength(1);
    expect(await kept(home)).toHaveLength(4);
  });

  test("not past their end, less a minute", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    const first = await home.run(LINE, scene(sts));
    const second = await home.run(LINE, scene(sts, NOW + 13 * MINUTE + 1));
    expect(dateOf(first)).toBe("20260501T120000Z");
    expect(dateOf(second)).toBe("20260501T121300Z");
    expect(sts.asked).toHaveLength(1);
    await home.run(LINE, scene(sts, NOW + 59 * MINUTE + 1));
    expect(sts.asked).toHaveLength(2);
  });

  test.each([
    { name: "another role", line: LINE.replace("Dev", "Ops"), env: {} },
    { name: "an external id", line: `${LINE} -e x`, env: {} },
    { name: "a session's name", line: `${LINE} -s x`, env: {} },
    { name: "a session's duration", line: `${LINE} --duration 1800`, env: {} },
    { name: "a tag", line: `${LINE} --session-tag a=b`, env: {} },
    { name: "a source identity", line: `${LINE} --source-identity x`, env: {} },
    { name: "another region", line: LINE.replace("eu-west-1", "eu-west-2"), env: {} },
    { name: "other keys", line: LINE, env: { AWS_ACCESS_KEY_ID: "AKIAOTHER", AWS_SECRET_ACCESS_KEY: "o" } },
  ])("$name is another entry", async ({ line, env }) => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run(LINE, scene(sts));
    expect(await home.run(line, scene(sts, NOW, env))).toMatchObject({ status: 0 });
    expect(sts.asked).toHaveLength(2);
    expect(await kept(home)).toHaveLength(4);
  });

  test("nothing is kept of keys at hand, with --cache=false, nor what has no end", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run("iam token -i c --region eu-west-1", scene(sts));
    await home.run(`${LINE} --cache=false`, scene(sts));
    await home.run(LINE, { ...scene(sts), env: { ...scene(sts).env, KAUTH_IAM_TOKEN_CACHE: "false" } });
    await home.run(`${LINE} -c ~/c.yaml`, { ...scene(sts), files: { "c.yaml": "cache: false" } });
    expect(await kept(home)).toEqual([]);
    const files = {
      ".aws/config": "[profile p]\ncredential_process = ~/p.sh\n",
      "p.sh": `#!/bin/sh\nprintf '{"Version":1,"AccessKeyId":"AKIAP","SecretAccessKey":"x"}'`,
    };
    const line = "iam token -i c --region eu-west-1 --profile p";
    const { env = {}, system = {} } = scene(sts, NOW, { PATH: process.env["PATH"] ?? "" });
    await home.run(line, { env, system: { ...system, stdinIsTerminal: false }, files });
    const list = (await home.run("iam cache list -o json", scene(sts))).out;
    expect(JSON.parse(list)).toMatchObject([{ kind: "token" }]);
    expect(await kept(home)).toHaveLength(1);
  });
});

describe("a token that its reader asks for again at once has been refused", () => {
  const SOON = NOW + 5 * MINUTE;
  const again = async (
    line: string,
    times: readonly { readonly time: number; readonly parent: number }[],
  ): Promise<{ readonly dates: readonly (string | null)[]; readonly asked: number }> => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    const dates: (string | null)[] = [];
    for (const { time, parent } of times)
      dates.push(dateOf(await home.run(line, scene(sts, time, {}, parent))));
    return { dates, asked: sts.asked.length };
  };
  const KUBECTL = { parent: 2_000_000 };

  test("it is signed anew, with new keys where they are older than a minute", async () => {
    const { dates, asked } = await again(LINE, [
      { time: NOW, parent: 1 },
      { time: SOON, ...KUBECTL },
      { time: SOON + 1000, ...KUBECTL },
    ]);
    expect(dates).toEqual(["20260501T120000Z", "20260501T120000Z", "20260501T120501Z"]);
    expect(asked).toBe(2);
  });

  test("what has just been got is only signed anew, and STS is asked once a minute at most", async () => {
    const { dates, asked } = await again(
      LINE,
      [0, 1000, 2000, 3000, 4000].map((after) => ({ time: NOW + after, ...KUBECTL })),
    );
    expect(new Set(dates).size).toBe(5);
    expect(asked).toBe(1);
  });

  test("others get it all the same, and so does who asks later", async () => {
    const { dates, asked } = await again(LINE, [
      { time: NOW, ...KUBECTL },
      { time: NOW + 1000, parent: 3_000_000 },
      { time: NOW + MINUTE, ...KUBECTL },
    ]);
    expect(new Set(dates).size).toBe(1);
    expect(asked).toBe(1);
  });

  test("a person is not asked for a code again", async () => {
    const { asked } = await again(`${LINE} --mfa-serial x --mfa-code 123456`, [
      { time: NOW, parent: 1 },
      { time: SOON, ...KUBECTL },
      { time: SOON + 1000, ...KUBECTL },
    ]);
    expect(asked).toBe(1);
  });
});

describe("what is kept and no good counts as nothing", () => {
  const spoilt = async (spoil: (path: string, text: string) => Promise<void>): Promise<number> => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run(LINE, scene(sts));
    const directory = join(home.path, "cache", "iam");
    for (const name of await kept(home)) {
      const path = join(directory, name);
      await spoil(path, await readFile(path, "utf8"));
    }
    const again = await home.run(LINE, scene(sts, NOW + MINUTE));
    expect(again).toMatchObject({ status: 0, err: "" });
    return sts.asked.length;
  };

  test.each([
    { name: "cut off", change: (text: string) => text.slice(0, 40) },
    { name: "empty", change: () => "" },
    { name: "of another name", change: (text: string) => text.replace(/"key":"./, '"key":"x') },
    { name: "of a newer version", change: (text: string) => text.replace('"version":1', '"version":2') },
    {
      name: "without keys",
      change: (text: string) => text.replace(/"(secret_access_key|token)"/g, '"none"'),
    },
    {
      name: "from a clock far ahead",
      change: (text: string) => text.replace(/"saved_at":\d+/, `"saved_at":${NOW + 10 * MINUTE}`),
    },
    { name: "of another kind", change: (text: string) => text.replace(/"kind":"\w+"/, '"kind":"other"') },
  ])("$name", async ({ change }) => {
    expect(await spoilt(async (path, text) => await writeFile(path, change(text)))).toBe(2);
  });

  test("at each place where it may have been cut", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run(LINE, scene(sts));
    const directory = join(home.path, "cache", "iam");
    for (const name of await kept(home)) {
      const text = await readFile(join(directory, name), "utf8");
      for (let length = 0; length < text.length - 1; length += 37)
        await writeFile(join(directory, name), text.slice(0, length));
      expect((await home.run(LINE, scene(sts, NOW + MINUTE))).status).toBe(0);
    }
  });

  test("a symlink", async () => {
    expect(
      await spoilt(async (path, text) => {
        await writeFile(`${path}.other`, text);
        await rm(path);
        await symlink(`${path}.other`, path);
      }),
    ).toBe(2);
  });
});

describe.runIf(process.getuid !== undefined)("a place that is not the person's alone", () => {
  test("open to others: a directory of ours in it", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await mkdir(join(home.path, "cache", "iam"), { recursive: true });
    await chmod(join(home.path, "cache", "iam"), 0o755);
    expect(await home.run(LINE, scene(sts))).toMatchObject({ status: 0, err: "" });
    expect(await readdir(join(home.path, "cache", "iam"))).toEqual(["kauth-private"]);
    expect(await readdir(join(home.path, "cache", "iam", "kauth-private"))).toHaveLength(3);
  });

  test("a symlink: nothing is written, and the token comes all the same", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await mkdir(join(home.path, "elsewhere"), { mode: 0o700 });
    await mkdir(join(home.path, "cache"), { mode: 0o700 });
    await symlink(join(home.path, "elsewhere"), join(home.path, "cache", "iam"));
    const outcome = await home.run(LINE, scene(sts));
    expect(outcome.status).toBe(0);
    expect(outcome.err).toContain('Nothing of AWS\'s is kept: "~/cache/iam" is not yours alone');
    expect(await readdir(join(home.path, "elsewhere"))).toEqual([]);
  });

  test("that cannot be written: a warning, and the token", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    const full = scene(sts);
    const outcome = await home.run(LINE, {
      ...full,
      system: {
        ...full.system,
        files: {
          ...(await import("../../base/files.ts")).realFiles,
          write: async () =>
            await Promise.reject(Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" })),
        },
      },
    });
    expect(outcome.status).toBe(0);
    expect(outcome.err).toContain("Cannot keep what AWS gave: ENOSPC");
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
  });
});

describe("kauth iam cache", () => {
  test("lists what there is, without a secret, and clears it and nothing else", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run(LINE, scene(sts));
    await writeFile(join(home.path, "cache", "iam", "mine.txt"), "");
    const list = await home.run("iam cache list", scene(sts));
    expect(list.out).toBe(
      [
        "KIND   CLUSTER  SOURCE  PROFILE  ROLE                                ENDS",
        `keys   -        role    -        ${ROLE}  2026-05-01T13:00:00Z`,
        `token  c        role    -        ${ROLE}  2026-05-01T12:14:00Z`,
      ].join("\n"),
    );
    const json = JSON.parse((await home.run("iam cache list -o json", scene(sts))).out) as unknown;
    expect(json).toMatchObject([
      { kind: "keys", source: "role", role: ROLE, expiresAt: "2026-05-01T13:00:00.000Z" },
      { kind: "token", source: "role", role: ROLE, cluster: "c", expiresAt: "2026-05-01T12:14:00.000Z" },
    ]);
    expect(JSON.stringify(json)).not.toMatch(/secret|session|k8s-aws/);
    expect((await home.run("iam cache clear", scene(sts))).err).toBe("Removed 2 entries");
    expect(await readdir(join(home.path, "cache", "iam"))).toEqual(["kauth-handed-out", "mine.txt"]);
    expect((await home.run("iam cache clear", scene(sts))).err).toBe("There is nothing kept");
    expect((await home.run("iam cache list", scene(sts))).err).toBe("There is nothing kept");
  });

  test("clean removes the directory", async () => {
    await using sts = await fakeSts(KNOWN, NOW + 60 * MINUTE);
    await using home = await awsHome();
    await home.run(LINE, scene(sts));
    expect((await home.run("clean", scene(sts))).err).toContain("Removed ~/cache/iam");
    expect(await kept(home)).toEqual([]);
  });
});

describe("the file of aws-iam-authenticator's cache", () => {
  const FILE = ".kube/cache/aws-iam-authenticator/credentials.yaml";
  const entry = (profile: string, role: string, more = ""): string =>
    `clusters:
  c:
    ${profile}:
      ${role}:
        accesskeyid: ASIAOLD
        secretaccesskey: old-secret
        sessiontoken: old-session
        source: AssumeRoleProvider
        canexpire: true
        expires: 2026-05-01T12:05:00.123456789Z
        accountid: ""
${more}`;
  const PLAIN = "iam token -i c --region eu-west-1";

  test.each([
    { name: "by default it is not read", line: PLAIN, profile: "default", role: '""', keyId: "AKIAENV" },
    { name: "with --cache", line: `${PLAIN} --cache`, profile: "default", role: '""', keyId: "ASIAOLD" },
    { name: "of another profile", line: `${PLAIN} --cache`, profile: "dev", role: '""', keyId: "AKIAENV" },
    {
      name: "of another cluster",
      line: `${PLAIN} --cache -i d`,
      profile: "default",
      role: '""',
      keyId: "AKIAENV",
    },
    { name: "of another role", line: `${PLAIN} --cache`, profile: "default", role: ROLE, keyId: "AKIAENV" },
  ])("$name", async ({ line, profile, role, keyId }) => {
    await using sts = await fakeSts(KNOWN);
    await using home = await awsHome();
    const outcome = await home.run(line, { ...scene(sts), files: { [FILE]: entry(profile, role) } });
    expect(tokenOf(outcome).keyId).toBe(keyId);
  });

  test("its keys take the role, as there", async () => {
    await using sts = await fakeSts({ ASIAOLD: { secret: "old-secret", session: "old-session" } });
    await using home = await awsHome();
    const outcome = await home.run(`${LINE} --cache`, {
      ...scene(sts),
      files: { [FILE]: entry("default", ROLE) },
    });
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
  });

  test("named by a variable, and over", async () => {
    await using sts = await fakeSts(KNOWN);
    await using home = await awsHome();
    const env = { AWS_IAM_AUTHENTICATOR_CACHE_FILE: "~/old.yaml" };
    const files = { "old.yaml": entry("default", '""') };
    expect(tokenOf(await home.run(`${PLAIN} --cache`, { ...scene(sts, NOW, env), files })).keyId).toBe(
      "ASIAOLD",
    );
    const later = await home.run(`${PLAIN} --cache`, scene(sts, NOW + 5 * MINUTE + 1000, env));
    expect(tokenOf(later).keyId).toBe("AKIAENV");
  });

  test.each([
    {
      name: "open to others",
      mode: 0o644,
      file: entry("default", '""'),
      says: "unable to use cache: cache file ~/old.yaml is not private",
    },
    {
      name: "no YAML",
      mode: 0o600,
      file: "clusters: [very-secret",
      says: "unable to use cache: unable to parse file ~/old.yaml",
    },
    {
      name: "of another form",
      mode: 0o600,
      file: "clusters: 1",
      says: "unable to parse file ~/old.yaml: clusters must be an object",
    },
  ])("$name: it is told, and the token comes all the same", async ({ mode, file, says }) => {
    await using sts = await fakeSts(KNOWN);
    await using home = await awsHome();
    await writeFile(join(home.path, "old.yaml"), file);
    await chmod(join(home.path, "old.yaml"), mode);
    const outcome = await home.run(
      `${PLAIN} --cache`,
      scene(sts, NOW, { AWS_IAM_AUTHENTICATOR_CACHE_FILE: "~/old.yaml" }),
    );
    expect(outcome.status).toBe(0);
    expect(outcome.err).toContain(says);
    expect(outcome.err).not.toContain("very-secret");
  });
});
