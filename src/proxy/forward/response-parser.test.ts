import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ANSWERS, type AnswerRow } from "../../../test/proxy/answers.ts";
import { isKnownError } from "../../base/errors.ts";
import { ResponseParser, type ResponseHead } from "./response-parser.ts";

interface Reading {
  readonly heads: readonly ResponseHead[];
  readonly body: string;
  /** What was said of the end, each time. */
  readonly ends: readonly number[];
  readonly fault: string | undefined;
}

interface Asked {
  readonly method?: string;
  readonly upgrade?: boolean;
  readonly end?: boolean;
}

const latin = (text: string): Buffer => Buffer.from(text, "latin1");

/** Everything that a parser says of these pieces. */
const read = (
  pieces: readonly Buffer[],
  { method = "GET", upgrade = false, end = false }: Asked = {},
): Reading => {
  const heads: ResponseHead[] = [];
  const ends: number[] = [];
  let body = "";
  let fault: string | undefined;
  const parser = new ResponseParser(
    {
      onHead: (head) => void heads.push(head),
      onBody: (chunk) => (body += chunk.toString("latin1")),
      onComplete: (rest) => void ends.push(rest),
    },
    { method, upgrade },
  );
  try {
    for (const piece of pieces) {
      parser.push(piece);
      // Whoever uses a parser lets go of the stream at the end of the answer.
      if (parser.done) break;
    }
    if (end) parser.end();
  } catch (error) {
    fault = isKnownError(error) ? error.code : String(error);
  }
  return { heads, body, ends, fault };
};

const single = (text: string): readonly Buffer[] => Array.from(latin(text), (byte) => Buffer.from([byte]));

const judge = ({ verdict, ...row }: AnswerRow, pieces: readonly Buffer[]): void => {
  const found = read(pieces, row);
  switch (verdict.kind) {
    case "answer":
      expect(found.fault).toBeUndefined();
      expect(found.heads).toMatchObject([{ status: verdict.status, reusable: verdict.reusable }]);
      expect(found.body).toBe(verdict.body);
      expect(found.ends).toHaveLength(1);
      break;
    case "invalid":
    case "cut":
      expect(found.fault).toBe(verdict.kind === "cut" ? "UPSTREAM_CUT" : "UPSTREAM_INVALID");
      expect(found.heads).toHaveLength(verdict.begun === true ? 1 : 0);
      expect(found.ends).toEqual([]);
      break;
  }
};

describe("answers in one piece (R-F1, R-F2, R-F5, §5.2)", () => {
  test.each(ANSWERS.map((row) => [row.name, row] as const))("%s", (_name, row) => {
    judge(row, [latin(row.bytes)]);
    if (row.verdict.kind === "answer")
      expect(read([latin(row.bytes)], row).ends).toEqual([row.verdict.rest ?? 0]);
  });
});

describe("answers byte by byte", () => {
  const small = ANSWERS.filter(({ bytes }) => bytes.length < 20_000);
  test.each(small.map((row) => [row.name, row] as const))("%s", (_name, row) =>
    judge(row, single(row.bytes)),
  );
});

describe("what is read", () => {
  test("names and values in turn, only white space around a value gone", () => {
    const bytes =
      "HTTP/1.1 200 OK\r\nX-a:\t b \t\r\n__proto__: c\r\nX-Name: voil\u00c3\u00a0\r\nContent-Length: 0\r\n\r\n";
    expect(read([latin(bytes)]).heads[0]).toEqual({
      status: 200,
      headers: ["X-a", "b", "__proto__", "c", "X-Name", "voil\u00c3\u00a0", "Content-Length", "0"],
      length: 0,
      reusable: true,
    });
  });

  test("R-F1: an upgrade that was asked for takes the bytes as they come", () => {
    const bytes = latin("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n\x81\x01a");
    for (const pieces of [[bytes], single(bytes.toString("latin1"))]) {
      const found = read([...pieces, latin("HTTP/1.1")], { upgrade: true, end: true });
      expect(found).toMatchObject({
        heads: [{ status: 101, reusable: false }],
        body: "\x81\x01aHTTP/1.1",
        ends: [],
      });
      expect(found.fault).toBeUndefined();
    }
  });

  test("what comes after the end is told once and never read", () => {
    const ends: number[] = [];
    const parser = new ResponseParser(
      { onHead: () => undefined, onBody: () => undefined, onComplete: (rest) => void ends.push(rest) },
      { method: "GET", upgrade: false },
    );
    parser.push(latin("HTTP/1.1 204 x\r\n\r\n"));
    parser.push(latin("HTTP/1.1 200 OK\r\n\r\n"));
    parser.end();
    expect(ends).toEqual([0]);
  });
});

describe("properties", () => {
  const LINES = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 101 x\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "X-A: b\r\n",
    "\r\n",
    "abc",
    "3\r\nabc\r\n",
    "3;x=y\r\n",
    "0\r\n\r\n",
    "\r",
    "\n",
    " ",
  ];
  const text = fc.oneof(
    fc.array(fc.constantFrom(...LINES), { maxLength: 10 }).map((lines) => lines.join("")),
    fc
      .tuple(
        fc.constantFrom("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        fc.string({ unit: "binary" }),
      )
      .map(([start, rest]) => start + rest),
  );
  const asked = fc.record({
    method: fc.constantFrom("GET", "HEAD"),
    upgrade: fc.boolean(),
    end: fc.boolean(),
  });

  /** Bytes cut at any places. */
  const cutUp = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
    const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
      (a, b) => a - b,
    );
    return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
  };

  test("the pieces do not matter", () => {
    fc.assert(
      fc.property(text, asked, fc.array(fc.nat(), { maxLength: 8 }), (bytes, how, cuts) => {
        const { ends, ...whole } = read([latin(bytes)], how);
        const parts = read(cutUp(latin(bytes), cuts), how);
        // How much came after the end is not known before it comes; that something has ended is.
        expect({ ...parts, ends: parts.ends.length }).toEqual({ ...whole, ends: ends.length });
      }),
      { numRuns: 2_000 },
    );
  });

  test("any bytes are read or refused with a known error, and nothing ends twice", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      text.map((one) => new Uint8Array(latin(one))),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), asked, (pieces, how) => {
        const found = read(
          pieces.map((piece) => Buffer.from(piece)),
          how,
        );
        expect([undefined, "UPSTREAM_INVALID", "UPSTREAM_CUT"]).toContain(found.fault);
        expect(found.heads.length).toBeLessThanOrEqual(1);
        expect(found.ends.length).toBeLessThanOrEqual(found.heads.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("every body comes out as it went in, in chunks of any size", () => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70 }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.array(fc.nat(), { maxLength: 8 }), (chunks, cuts) => {
        const body = Buffer.concat(chunks).toString("latin1");
        const inChunks = chunks.map(
          (chunk) => `${chunk.length.toString(16)}\r\n${Buffer.from(chunk).toString("latin1")}\r\n`,
        );
        for (const answer of [
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${inChunks.join("")}0\r\n\r\n`,
          `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ])
          expect(read(cutUp(latin(answer), cuts))).toMatchObject({ body, ends: [0] });
      }),
    );
  });
});

test("a head of 64 KiB in single bytes costs no more than its bytes", () => {
  const bytes = latin(`HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(64 * 1024 - 100)}`);
  const cost = (): number => {
    const parser = new ResponseParser(
      { onHead: () => undefined, onBody: () => undefined, onComplete: () => undefined },
      { method: "GET", upgrade: false },
    );
    const before = process.cpuUsage();
    for (let at = 0; at < bytes.length; at += 1) parser.push(bytes.subarray(at, at + 1));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  // Milliseconds: about 15, and about 500 for a parser that looks at all that it holds with each byte.
  expect(Math.min(cost(), cost(), cost())).toBeLessThan(150);
});
