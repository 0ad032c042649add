import { describe, expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { KnownError } from "../../base/errors.ts";
import { check, runChecks, type Check, type Learned, type Scene } from "./check.ts";
import { oneLine } from "../output.ts";
import type { Finding } from "./finding.ts";

const sceneOf = (system: Scene["system"], signal = new AbortController().signal): Scene => ({
  invocation: {
    system,
    signal,
    positionals: [],
    program: "kauth",
    options: { boolean: () => false, string: () => undefined, list: () => [], count: () => 0 },
  },
  system,
  signal,
  target: undefined,
  own: (resource) => resource,
});

const run = async (...checks: readonly Check[]): Promise<readonly Finding[]> => {
  await using under = await recorded();
  const told: Finding[] = [];
  const { findings } = await runChecks(checks, sceneOf(under.system()), (finding) => told.push(finding));
  expect(told).toEqual(findings);
  return findings;
};

const learns = (id: string, learned: Partial<Learned>): Check =>
  check({ id, subject: id, needs: [], run: () => ({ learned, notes: [{ state: "ok", found: "well" }] }) });
const needs = (id: string, need: keyof Learned): Check =>
  check({ id, subject: id, needs: [need], run: () => ({ notes: [{ state: "ok", found: "well" }] }) });

describe("checks", () => {
  test("what one learns the next may need", async () => {
    const findings = await run(learns("a", { namespace: "apps" }), needs("b", "namespace"));
    expect(findings.map(({ state }) => state)).toEqual(["ok", "ok"]);
  });

  test("what was learned to be unknown is learned", async () => {
    const findings = await run(learns("a", { person: undefined }), needs("b", "person"));
    expect(findings.map(({ state }) => state)).toEqual(["ok", "ok"]);
  });

  test("what needs what nobody learned is not tried, and the rest goes on", async () => {
    const fails = check({
      id: "a",
      subject: "a",
      needs: [],
      run: () => {
        throw new KnownError("FORBIDDEN", "Cannot\nget it", { hint: "It said: no\nAsk" });
      },
    });
    const findings = await run(fails, needs("b", "namespace"), learns("c", {}));
    expect(findings).toMatchObject([
      { id: "a", state: "bad", found: "Cannot; get it [FORBIDDEN]", next: "It said: no; Ask" },
      { id: "b", state: "untried" },
      { id: "c", state: "ok" },
    ]);
  });

  test.each([
    { text: "not installed.\nTo learn more, see", line: "not installed. To learn more, see" },
    { text: "one\n\n  two:\nthree", line: "one; two: three" },
  ])("several lines become $line", ({ text, line }) => {
    expect(oneLine(text)).toBe(line);
  });

  test("one that does not apply says nothing", async () => {
    expect(
      await run(
        check({ id: "a", subject: "a", needs: [], applies: () => false, run: () => ({ notes: [] }) }),
      ),
    ).toEqual([]);
  });

  test("a mistake of the program is no finding", async () => {
    const broken = check({
      id: "a",
      subject: "a",
      needs: [],
      run: () => {
        throw new TypeError("broken");
      },
    });
    await expect(run(broken)).rejects.toThrow("broken");
  });

  test("a person who ends it hears of no fault", async () => {
    await using under = await recorded();
    const stop = new AbortController();
    const slow = check({
      id: "a",
      subject: "a",
      needs: [],
      run: () => {
        stop.abort(new Error("ended by a signal"));
        throw new KnownError("CONNECTION_LOST", "lost");
      },
    });
    const told: Finding[] = [];
    const running = runChecks([slow], sceneOf(under.system(), stop.signal), (finding) => told.push(finding));
    await expect(running).rejects.toThrow("ended by a signal");
    expect(told).toEqual([]);
  });
});
