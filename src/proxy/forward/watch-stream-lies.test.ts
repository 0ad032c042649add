import { describe, expect, test } from "vitest";
import { request, settle, type DataPlane } from "../../../test/proxy/data-plane.ts";
import { watchPlane } from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 500) {
    plane.advance(Math.min(500, left));
    await settle();
  }
};

describe("C.2: a watch over plain HTTP whose upstream does not keep to the rules", () => {
  test("one that answers late while the credential is replaced is taken up once", async () => {
    let headers: RawHeaders = [["Authorization", "Bearer one"]];
    let late = false;
    await using plane = watchPlane({
      pod: (stream) => (late ? undefined : stream.say(HEAD)),
      authorize: () => headers,
    });
    const client = await plane.ask(request("GET /events?from=5"));
    headers = [["Authorization", "Bearer two"]];
    await pass(plane, 50_000);
    late = true;
    plane.streams[0]?.fail(new KnownError("TUNNEL_LOST", "lost"));
    // Nobody answers the next one yet, and meanwhile the old credential is over.
    await pass(plane, 55_000);
    late = false;
    for (const stream of plane.streams) if (!stream.over) stream.say(HEAD);
    await pass(plane, 120_000);
    expect(plane.streams.filter(({ over }) => !over)).toHaveLength(1);
    client.leave();
    await settle();
    expect(plane.streams.filter(({ over }) => !over)).toEqual([]);
  });

  test("R-N5: while nobody is there, watches leave a browser one of its six connections", async () => {
    let back = (): void => undefined;
    const away = new Promise<void>((resolve) => (back = resolve));
    await using plane = watchPlane({
      pod: (stream) => stream.say(HEAD),
      dial: async (signal) =>
        await Promise.race([
          away,
          new Promise<never>((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason as Error)),
          ),
        ]),
    });
    const clients = [];
    for (let at = 0; at < 6; at += 1)
      clients.push(await plane.ask(request(`GET /events?from=${at}`), "web-1"));
    await pass(plane, 3_000);
    expect(clients.map(({ statuses }) => statuses)).toEqual([[504], [], [], [], [], []]);
    back();
    await settle();
    expect(clients.map(({ statuses }) => statuses)).toEqual([[504], [200], [200], [200], [200], [200]]);
  });
});
