import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recorded, type Recorded } from "../../../test/recorded.ts";
import { epochMillis } from "../../base/units.ts";
import { carrierMemory } from "./carrier-memory.ts";

const SERVER = "https://10.0.0.1:6443";
const HOUR = 3_600_000;

const pathIn = (under: Recorded): string => join(under.home, "state", "carriers.json");

/** The memory as it is that long after the epoch's beginning. */
const memoryAt = async (under: Recorded, hours: number, server = SERVER): ReturnType<typeof carrierMemory> =>
  await carrierMemory({ ...under.system(), now: () => epochMillis(hours * HOUR) }, server);

const written = async (under: Recorded): Promise<string> =>
  await readFile(pathIn(under), "utf8").catch(() => "");

const put = async (under: Recorded, text: string): Promise<void> => {
  await mkdir(join(under.home, "state"));
  await writeFile(pathIn(under), text);
};

describe("what is remembered of carriers", () => {
  test("holds for a day, for that server, and in a private file that does not name it", async () => {
    await using under = await recorded();
    (await memoryAt(under, 0)).remember("websocket");
    await expect.poll(() => written(under)).toContain("websocket");
    expect((await stat(pathIn(under))).mode & 0o777).toBe(0o600);
    expect(await written(under)).not.toContain("10.0.0.1");
    expect((await memoryAt(under, 23)).recall()).toBe("websocket");
    expect((await memoryAt(under, 24)).recall()).toBeUndefined();
    expect((await memoryAt(under, 1, "https://10.0.0.2:6443")).recall()).toBeUndefined();
  });

  test("is forgotten when it failed", async () => {
    await using under = await recorded();
    const memory = await memoryAt(under, 0);
    memory.remember("spdy");
    await expect.poll(() => written(under)).toContain("spdy");
    memory.forget();
    expect(memory.recall()).toBeUndefined();
    await expect.poll(() => written(under)).not.toContain("spdy");
  });

  test.each([
    { name: "no JSON", text: "{" },
    { name: "another shape", text: '{"version":1,"carriers":[]}' },
    { name: "an unknown carrier", text: '{"version":1,"carriers":{"x":{"carrier":"pigeon","at":0}}}' },
    { name: "more than 64 KiB", text: " ".repeat(65 * 1024) },
  ])("is nothing where the file has $name, which is then replaced", async ({ text }) => {
    await using under = await recorded();
    await put(under, text);
    const memory = await memoryAt(under, 0);
    expect(memory.recall()).toBeUndefined();
    memory.remember("spdy");
    await expect.poll(async () => (await memoryAt(under, 1)).recall()).toBe("spdy");
    expect(under.err).toEqual([]);
  });

  test.each([
    { name: "the same shape", text: '{"version":2,"carriers":{}}' },
    { name: "another shape", text: '{"version":2,"winners":[]}' },
  ])("a newer kauth's file of $name is told of, and neither used nor changed", async ({ text }) => {
    await using under = await recorded();
    await put(under, text);
    const real = under.system();
    const changed: string[] = [];
    const files = { ...real.files, write: (path: string) => Promise.resolve(void changed.push(path)) };
    const memory = await carrierMemory({ ...real, files }, SERVER);
    memory.remember("spdy");
    expect(memory.recall()).toBe("spdy");
    expect(under.err.join("")).toContain("newer kauth");
    expect(changed).toEqual([]);
  });
});
