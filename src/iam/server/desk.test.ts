import { describe, expect, test } from "vitest";
import { iamServerScene, roleEntry, tokenOf } from "../../../test/aws/iam-server-scene.ts";
import { epochMillis, millis } from "../../base/units.ts";

describe("what STS is asked (R-L8, R-N13)", () => {
  test("10,000 reviews of one bad token: once", { timeout: 180_000 }, async () => {
    // A clock that stands still: however slow the machine is, the refusal is remembered.
    await using scene = await iamServerScene({
      system: (system) => ({ ...system, monotonic: () => millis(0) }),
    });
    const bad = tokenOf("ASIADEVDEVDEVDEVDEV1", { secret: "wrong" });
    for (let round = 0; round < 200; round++)
      for (const { status, body } of await Promise.all(Array.from({ length: 50 }, () => scene.review(bad))))
        expect([status, body.status?.authenticated]).toEqual([200, false]);
    expect(scene.audit).toHaveLength(10_000);
    expect(scene.sts.asked).toHaveLength(1);
  });

  test("bad tokens that differ: no more often than it may", { timeout: 60_000 }, async () => {
    // A clock that stands still gives nothing back.
    await using scene = await iamServerScene({
      settings: { stsQps: 10, stsBurst: 25 },
      system: (system) => ({ ...system, monotonic: () => millis(0) }),
    });
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_none, index) =>
        scene.review(tokenOf(`AKIANONENONE${String(index).padStart(8, "0")}`)),
      ),
    );
    expect(scene.sts.asked).toHaveLength(25);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(475);
    expect(scene.metrics.text()).toContain('authenticate_latency_seconds_count{result="rate_limited"} 475');
  });

  test("every time, unless verdicts are kept", async () => {
    await using scene = await iamServerScene();
    const token = tokenOf("ASIADEVDEVDEVDEVDEV1");
    for (let each = 0; each < 3; each++) await scene.review(token);
    expect(scene.sts.asked).toHaveLength(3);
    expect(scene.sts.connections).toBe(1);
  });

  test("a verdict is kept, and what it is mapped to is not", async () => {
    let now = 0;
    await using scene = await iamServerScene({
      settings: { verdictLife: millis(10_000) },
      system: (system) => ({ ...system, monotonic: () => millis(now) }),
    });
    const token = tokenOf("ASIADEVDEVDEVDEVDEV1");
    expect((await scene.review(token)).body.status?.authenticated).toBe(true);
    scene.backends = [];
    expect((await scene.review(token)).body.status?.authenticated).toBe(false);
    expect(scene.sts.asked).toHaveLength(1);
    now = 10_000;
    await scene.review(token);
    expect(scene.sts.asked).toHaveLength(2);
    expect(scene.audit.map(({ source }) => source)).toEqual(["sts", "memory", "sts"]);
  });

  test("no verdict outlives its token, also where the clock is put forward", async () => {
    let ahead = 0;
    await using scene = await iamServerScene({
      settings: { verdictLife: millis(10_000) },
      system: (system) => ({
        ...system,
        now: () => epochMillis(system.now() + ahead),
        monotonic: () => millis(0),
      }),
    });
    const token = tokenOf("ASIADEVDEVDEVDEVDEV1");
    expect((await scene.review(token)).body.status?.authenticated).toBe(true);
    ahead = 16 * 60_000;
    expect((await scene.review(token)).body.status?.error).toMatch(/^IAM_TOKEN_REFUSED: .*expired/i);
    expect(scene.audit.map(({ source }) => source)).toEqual(["sts", undefined]);
  });

  test("a refusal that is remembered is told, and logged, as the first one", async () => {
    await using scene = await iamServerScene();
    const bad = tokenOf("ASIADEVDEVDEVDEVDEV1", { secret: "wrong" });
    const told = [await scene.review(bad), await scene.review(bad)];
    expect(told[1]).toEqual(told[0]);
    const [first, second] = scene.audit.map((line) => ({ ...line, time: "", client: "", milliseconds: 0 }));
    expect(second).toEqual(first);
    expect(second).toMatchObject({
      accessKeyId: "ASIADEVDEVDEVDEVDEV1",
      stsEndpoint: "sts.us-west-2.amazonaws.com",
    });
    expect(scene.sts.asked).toHaveLength(1);
  });
});

test("a name that is not all ASCII arrives as it is", async () => {
  await using scene = await iamServerScene({
    entries: [roleEntry({ username: "Jürgen é 日本", groups: ["größe"] })],
  });
  const { body } = await scene.review(tokenOf("ASIADEVDEVDEVDEVDEV1"));
  expect(body.status?.user).toMatchObject({ username: "Jürgen é 日本", groups: ["größe"] });
});
