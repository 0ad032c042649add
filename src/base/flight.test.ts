import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import type { System } from "./system.ts";
import { millis } from "./units.ts";
import { flyTogether, type Flight, type Lead } from "./flight.ts";

const CHILD = fileURLToPath(new URL("../../test/oidc/flight-child.ts", import.meta.url));
const KEY = "ab".repeat(32);
const NAME = KEY.slice(0, 32);

let home: string;
let place: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kauth-flight-"));
  place = join(home, "run", "oidc");
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await rm(home, { recursive: true, force: true });
});

const system = (): System & { readonly said: readonly string[] } => ({
  ...quietSystem(),
  env: { KAUTH_HOME: home },
  temp: join(home, "tmp"),
});

const fly = async (
  lead: (how: Lead) => Promise<string>,
  more: Partial<Flight<string>> = {},
  as: System = system(),
): Promise<string> =>
  await flyTogether(
    {
      key: KEY,
      limit: millis(600_000),
      onWait: () => undefined,
      render: (value) => value,
      parse: (text) => text,
      ...more,
    },
    lead,
    as,
  );

interface Child {
  readonly process: ChildProcess;
  /** Resolves when it has said that. */
  readonly says: (text: string) => Promise<void>;
  readonly said: () => readonly string[];
  readonly tell: (text: string) => void;
  readonly ended: Promise<readonly string[]>;
}

const start = (limit = "600000"): Child => {
  const child = spawn(process.execPath, [CHILD, KEY, join(home, "kept"), limit], {
    env: { PATH: process.env["PATH"], HOME: home, KAUTH_HOME: home, TMPDIR: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  let lines: readonly string[] = [];
  let text = "";
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    lines = text.split("\n").slice(0, -1);
    for (const each of waiting) each();
    waiting.clear();
  });
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(() => lines);
  const says = async (wanted: string): Promise<void> => {
    while (!lines.some((line) => line.startsWith(wanted)))
      await Promise.race([
        new Promise<void>((resolve) => waiting.add(resolve)),
        ended.then(() => Promise.reject(new Error(`ended with ${text}`))),
      ]);
  };
  return {
    process: child,
    says,
    said: () => lines,
    tell: (words) => void child.stdin.write(`${words}\n`),
    ended,
  };
};
const leaderAnd = async (followers: number): Promise<readonly [Child, ...Child[]]> => {
  const leader = start();
  await leader.says("lead");
  const others = Array.from({ length: followers }, () => start());
  for (const each of others) await each.says("wait");
  return [leader, ...others];
};

describe("one of many processes does the work", () => {
  test("the others wait, say so and get its result; nothing is left", async () => {
    const all = Array.from({ length: 8 }, () => start());
    await Promise.all(all.map(async (each) => await Promise.race([each.says("lead"), each.says("wait")])));
    const leaders = all.filter((each) => each.said().includes("lead"));
    expect(leaders).toHaveLength(1);
    leaders[0]?.tell("value a token");
    for (const each of all) expect((await each.ended).at(-1)).toBe("got a token");
    expect(await readdir(place)).toEqual([]);
  });

  test("or its failure, word for word", async () => {
    const [leader, ...others] = await leaderAnd(3);
    leader.tell("fail nobody came");
    for (const each of [leader, ...others])
      expect((await each.ended).at(-1)).toBe("failed OIDC_LOGIN_REFUSED nobody came");
    for (const each of others) expect(each.said()).not.toContain("took over");
  });

  test.each([["SIGKILL"], ["SIGINT"], ["SIGTERM"]] as const)(
    "after %s of it one that waits goes on",
    async (signal) => {
      const [leader, ...others] = await leaderAnd(3);
      leader.process.kill(signal);
      await Promise.race(others.map(async (each) => await each.says("took over")));
      const second = others.find((each) => each.said().includes("took over"));
      second?.tell("value later");
      for (const each of others) expect((await each.ended).at(-1)).toBe("got later");
      expect(others.filter((each) => each.said().includes("took over"))).toHaveLength(1);
      expect(await readdir(place)).toEqual([]);
    },
  );

  test("what is true of it alone is no result: one that waits goes on", async () => {
    const [leader, other] = await leaderAnd(1);
    leader.tell("own nobody to ask");
    await other?.says("took over");
    other?.tell("value mine");
    expect((await other?.ended)?.at(-1)).toBe("got mine");
  });

  test("a kill of each in turn ends with the last", async () => {
    const all = [...(await leaderAnd(4))];
    for (let left = all.length; left > 1; left -= 1) {
      const leading = all.find((each) => each.process.signalCode === null && isLeading(each));
      leading?.process.kill("SIGKILL");
      await leading?.ended;
      const rest = all.filter((each) => each.process.signalCode === null);
      await Promise.race(rest.map(async (each) => await each.says("took over")));
    }
    const last = all.find((each) => each.process.signalCode === null);
    last?.tell("value at last");
    expect((await last?.ended)?.at(-1)).toBe("got at last");
    expect(await readdir(place)).toEqual([]);
  });

  test("one that waits ends at Ctrl-C, at once", async () => {
    const [leader, other] = await leaderAnd(1);
    other?.process.kill("SIGINT");
    expect((await other?.ended)?.at(-1)).toBe("threw Error: called off");
    leader.tell("value x");
    expect((await leader.ended).at(-1)).toBe("got x");
  });

  test("one that waits for too long says for whom", async () => {
    const leader = start();
    await leader.says("lead");
    const other = start("1");
    expect((await other.ended).at(-1)).toBe(
      `failed OIDC_LOGIN_TIMEOUT Cannot get a token: process ${leader.process.pid} has been signing in for 0 s, and was waited for`,
    );
  });

  test("another key is another flight", async () => {
    await fly(async () => {
      expect(await fly(async () => await Promise.resolve("inner"), { key: "cd".repeat(32) }, system())).toBe(
        "inner",
      );
      return "outer";
    });
  });
});

const isLeading = (child: Child): boolean =>
  child.said().includes("lead") || child.said().includes("took over");

describe("what was left behind", () => {
  const held = JSON.stringify({ id: "0123456789abcdef", pid: 1 });

  test.each([
    ["the lock of a dead process", async () => await writeFile(join(place, `${NAME}.lock`), held)],
    ["a lock that is not whole", async () => await writeFile(join(place, `${NAME}.lock`), held.slice(0, 9))],
    [
      "one that was killed while it removed such a lock",
      async () => {
        await writeFile(join(place, `${NAME}.lock`), held);
        await writeFile(join(place, "0123456789abcdef.gone"), held.replaceAll("0", "1"));
      },
    ],
    ["a directory of that name", async () => await mkdir(join(place, `${NAME}.lock`))],
  ])("%s keeps nobody from working", async (name, leave) => {
    await mkdir(place, { recursive: true, mode: 0o700 });
    await chmod(join(home, "run"), 0o700);
    await leave();
    expect(await fly(async () => await Promise.resolve("done"))).toBe("done");
    if (!name.includes("directory")) expect(await readdir(place)).toEqual([]);
  });

  test("of many that find it, one leads", async () => {
    await mkdir(place, { recursive: true, mode: 0o700 });
    await writeFile(join(place, `${NAME}.lock`), held);
    let leading = 0;
    let most = 0;
    const work = async (): Promise<string> => {
      most = Math.max(most, (leading += 1));
      await new Promise((resolve) => setImmediate(resolve));
      leading -= 1;
      return "done";
    };
    const all = await Promise.all(Array.from({ length: 20 }, async () => await fly(work)));
    expect([new Set(all), most]).toEqual([new Set(["done"]), 1]);
  });
});

test("one that is late to remove a dead lock does not remove the next one", async () => {
  await mkdir(place, { recursive: true, mode: 0o700 });
  await writeFile(join(place, `${NAME}.lock`), JSON.stringify({ id: "0123456789abcdef", pid: 1 }));
  let [leading, most] = [0, 0];
  let go: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (go = resolve));
  const work = async (): Promise<string> => {
    most = Math.max(most, (leading += 1));
    if (leading === 2) go();
    await both;
    leading -= 1;
    return "done";
  };
  const [fast, slow] = [system(), system()];
  let passed: () => void = () => undefined;
  // The other one leads by now, or has to wait.
  const pass = new Promise<void>((resolve) => (passed = resolve));
  const other = (): Promise<string> =>
    fly(
      async () => {
        passed();
        return await work();
      },
      {},
      {
        ...fast,
        sleep: async (time, signal) => {
          passed();
          await fast.sleep(time, signal);
        },
      },
    );
  let second: Promise<string> | undefined;
  const first = fly(
    async () => {
      go();
      return await work();
    },
    { onWait: () => go() },
    {
      ...slow,
      files: {
        ...slow.files,
        remove: async (path, options) => {
          if (path.endsWith(".lock") && second === undefined) {
            second = other();
            await pass;
          }
          await slow.files.remove(path, options);
        },
      },
    },
  );
  expect([await first, await second, most]).toEqual(["done", "done", 1]);
});

describe("where processes cannot agree", () => {
  test.each([
    [
      "others may look into the directories",
      async () => {
        await mkdir(place, { recursive: true, mode: 0o700 });
        await chmod(place, 0o755);
        await writeFile(join(home, "tmp"), "");
      },
    ],
    [
      "there are none",
      async () => {
        await writeFile(join(home, "run"), "");
        await writeFile(join(home, "tmp"), "");
      },
    ],
  ])("%s: each works for itself", async (_name, spoil) => {
    await spoil();
    const [one, two] = await Promise.all([
      fly(async () => await Promise.resolve("one")),
      fly(async () => await Promise.resolve("two")),
    ]);
    expect([one, two]).toEqual(["one", "two"]);
  });

  test("a home that cannot be written has the temporary directory beside it", async () => {
    await writeFile(join(home, "run"), "");
    await mkdir(join(home, "tmp"), { mode: 0o700 });
    let runs = 0;
    let [lead, wait] = [(): void => undefined, (): void => undefined];
    const leading = new Promise<void>((resolve) => (lead = resolve));
    const waiting = new Promise<void>((resolve) => (wait = resolve));
    const one = fly(async () => {
      runs += 1;
      lead();
      await waiting;
      return "shared";
    });
    await leading;
    const two = fly(async () => await Promise.resolve(String((runs += 1))), { onWait: () => wait() });
    expect([await one, await two, runs]).toEqual(["shared", "shared", 1]);
  });
});

test("a flight within the same flight is a mistake of the program, not a wait without end", async () => {
  const as = system();
  await expect(
    fly(async () => await fly(async () => await Promise.resolve("never"), {}, as), {}, as),
  ).rejects.toThrow(TypeError);
});
