import { duplexPair } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { askUi, type UiAnswer } from "./ask-ui.ts";

const REQUEST = {
  path: "/x?y=1",
  authority: "ui.apps.svc",
  scheme: "http",
  headers: [["X-Own", "1"]],
} as const;

/** Asks a UI that answers with these bytes, piece by piece; `end` then ends it. */
const ask = async (
  pieces: readonly string[],
  end = false,
): Promise<{ readonly answer: UiAnswer; readonly asked: string; readonly gone: boolean }> => {
  const [near, far] = duplexPair();
  let asked = "";
  far.on("data", (part: Buffer) => (asked += part.toString("latin1")));
  far.on("error", () => undefined);
  const asking = askUi(near, REQUEST, new AbortController().signal);
  for (const piece of pieces) far.write(Buffer.from(piece, "latin1"));
  if (end) far.end();
  const answer = await asking;
  return { answer, asked, gone: near.destroyed };
};

test("the request is what kauth open would send", async () => {
  const { asked, gone } = await ask(["HTTP/1.1 200 OK\r\n\r\nbody"]);
  expect(asked.split("\r\n")).toEqual([
    "GET /x?y=1 HTTP/1.1",
    "Host: ui.apps.svc",
    expect.stringMatching(/^User-Agent: kauth\//),
    "Accept: */*",
    "Connection: close",
    "X-Forwarded-Host: ui.apps.svc",
    "X-Forwarded-Proto: http",
    "X-Own: 1",
    "",
    "",
  ]);
  expect(gone).toBe(true);
});

describe("answers", () => {
  test.each([
    {
      name: "a page",
      text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
      is: { status: 200, location: undefined },
    },
    {
      name: "a redirect",
      text: "HTTP/1.1 302 Found\r\nLOCATION: /login\r\n\r\n",
      is: { status: 302, location: "/login" },
    },
    {
      name: "HTTP/1.0 without words",
      text: "HTTP/1.0 401\r\n\r\n",
      is: { status: 401, location: undefined },
    },
    {
      name: "early hints before it",
      text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 No\r\n\r\n",
      is: { status: 403, location: undefined },
    },
  ])("$name", async ({ text, is }) => {
    expect((await ask([text])).answer).toEqual(is);
    expect((await ask(text.split(""))).answer).toEqual(is);
  });

  test.each([
    { name: "no HTTP", pieces: ["SSH-2.0-OpenSSH_10\r\n"], code: "UPSTREAM_INVALID" },
    { name: "no status", pieces: ["HTTP/1.1 abc\r\n\r\n"], code: "UPSTREAM_INVALID" },
    {
      name: "a head without end",
      pieces: [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`],
      code: "UPSTREAM_INVALID",
    },
    { name: "nothing", pieces: [], code: "UPSTREAM_CUT" },
    { name: "half a head", pieces: ["HTTP/1.1 200 OK\r\nX: "], code: "UPSTREAM_CUT" },
  ])("$name is a fault", async ({ pieces, code }) => {
    await expect(ask(pieces, true)).rejects.toMatchObject({ code });
  });

  test("any bytes end in an answer or a coded error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }), async (pieces) => {
        const outcome = await ask(pieces, true).catch((error: unknown) => error);
        expect(outcome).toHaveProperty(outcome instanceof Error ? "code" : "answer");
      }),
      { numRuns: 200 },
    );
  });

  test("whoever does not want it any more waits no longer", async () => {
    const [near] = duplexPair();
    const stop = new AbortController();
    const asking = askUi(near, REQUEST, stop.signal);
    stop.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
    expect(near.destroyed).toBe(true);
  });
});
