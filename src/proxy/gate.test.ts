import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gateCorpus, isSlow, type GateRow } from "../../test/vectors/gate-corpus.ts";
import { serveFake, type Served } from "../../test/proxy/fake-site.ts";

/** Node's own client is too kind for these; every row goes over a bare socket. */
let served: Served;
let cookie: string;

beforeAll(async () => {
  served = await serveFake();
  cookie = await served.signIn();
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
});

const HOST = "ui-0123456789abcdef0123.localhost";

/** The names of the rows do not depend on the port, so they can be listed before there is one. */
const names = gateCorpus({ host: `${HOST}:1`, port: 1, cookie: "c=v", apiToken: "t" });

const rowAt = (index: number): GateRow => {
  const rows = gateCorpus({
    host: `${HOST}:${served.port}`,
    port: served.port,
    cookie,
    apiToken: served.proxy.apiToken.reveal(),
  });
  const row = rows[index];
  if (row === undefined) throw new RangeError("no such row");
  return row;
};

const health = async (): Promise<void> => {
  const answer = await served.raw(`GET /__kauth/health HTTP/1.1\r\nHost: ${HOST}:${served.port}\r\n\r\n`, {
    answers: 1,
  });
  expect(answer.statuses).toEqual([204]);
};

describe("the corpus", () => {
  test("is as large as it should be", () => expect(names.length).toBeGreaterThan(400));

  test.each(names.map((row, index) => [index, row] as const).filter(([, row]) => !isSlow(row)))(
    "%i",
    async (index) => {
      const row = rowAt(index);
      const before = served.recorder.seen.length;
      const passes = row.statuses?.includes(200) === true;
      const answer = await served.raw(
        row.bytes,
        row.statuses === undefined ? { limit: 120 } : passes ? { answers: 1 } : {},
      );
      await health();
      const through = served.recorder.seen.slice(before);
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
    },
  );
});
