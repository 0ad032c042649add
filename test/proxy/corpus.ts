import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gateCorpus, isSlow, type GateRow } from "../vectors/gate-corpus.ts";
import { raw, type RawAnswer, type RawOptions } from "./fake-site.ts";

/** A request that came through the gate. */
export interface Passed {
  readonly complete: boolean;
  readonly body: Buffer;
}

/** A gate that the corpus is tried on: in this process or in another. */
export interface CorpusTarget extends AsyncDisposable {
  /** `NAME.localhost:PORT` */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** `name=value` of a live session. */
  readonly cookie: string;
  readonly apiToken: string;
  /** Everything that came through so far. */
  readonly seen: readonly Passed[];
}

/** The names of the rows do not depend on the port, so they can be listed before there is one. */
const listed = gateCorpus({
  host: "ui-0123456789abcdef0123.localhost:1",
  port: 1,
  cookie: "c=v",
  apiToken: "t",
});

/** Registers a test for each row. Node's own client is too kind for these; every row goes over a bare socket. */
export function describeCorpus(name: string, start: () => Promise<CorpusTarget>): void {
  describe(name, () => {
    let target: CorpusTarget;
    let rows: readonly GateRow[];
    beforeAll(async () => {
      target = await start();
      rows = gateCorpus(target);
    });
    afterAll(async () => {
      await target[Symbol.asyncDispose]();
    });
    const send = async (bytes: string | Buffer, how: RawOptions = {}): Promise<RawAnswer> =>
      await raw({ host: target.address, port: target.port }, bytes, how);

    test("is as large as it should be", () => expect(listed.length).toBeGreaterThan(400));

    test.each(
      listed.map((row, index) => [row.name, index, row] as const).filter(([, , row]) => !isSlow(row)),
    )("%s", async (_name, index) => {
      const row = rows[index];
      if (row === undefined) throw new RangeError("no such row");
      const before = target.seen.length;
      const passes = row.statuses?.includes(200) === true;
      let asked = 0;
      /** Such a connection may stay open: at least some turns went by, and whatever came through was answered. */
      const settled = (statuses: readonly number[]): boolean => {
        asked += 1;
        const answered = statuses.filter((status) => status === 200).length;
        return asked > 5 && target.seen.slice(before).filter((one) => one.complete).length === answered;
      };
      const answer = await send(
        row.bytes,
        row.statuses === undefined ? { enough: settled } : passes ? { answers: 1 } : {},
      );
      const health = await send(`GET /__kauth/health HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`, {
        answers: 1,
      });
      expect(health.statuses).toEqual([204]);
      const through = target.seen.slice(before);
      if (row.statuses === undefined) {
        const answered = answer.statuses.filter((status) => status === 200).length;
        // A request whose body broke may have begun; only a complete one counts.
        expect(through.filter((one) => one.complete).length, row.name).toBe(answered);
        expect(
          through.map((one) => one.body.toString()).filter((body) => !["", "abc"].includes(body)),
        ).toEqual([]);
        return;
      }
      const status = answer.statuses[0] ?? 0;
      expect(row.statuses, `${row.name}: ${answer.text.slice(0, 300)}`).toContain(status);
      expect(through.length, row.name).toBe(passes ? 1 : 0);
      expect(answer.text).not.toMatch(/access-control/i);
      if (passes) return;
      expect(answer.statuses.length, row.name).toBeLessThanOrEqual(1);
      expect(answer.end === "closed" || answer.end === "reset", `${row.name} ends: ${answer.end}`).toBe(true);
    });
  });
}
