import { describe, expect, test } from "vitest";
import { raw, testSystem } from "../../test/proxy/fake-site.ts";
import { candidatesOf, openListener } from "./listener.ts";

const pair = (port: number) => [
  { address: "127.0.0.1", port },
  { address: "::1", port },
];

describe("what is bound", () => {
  test.each([
    ["by default", { addresses: [], ip: undefined }, [pair(18_000), pair(28_000)]],
    ["IPv4 given", { addresses: ["127.0.0.1:9000"], ip: undefined }, [pair(9_000)]],
    ["IPv6 given", { addresses: ["[::1]:9000"], ip: undefined }, [pair(9_000)]],
    ["two given", { addresses: ["127.0.0.1:1", "127.0.0.1:2"], ip: undefined }, [pair(1), pair(2)]],
    [
      "an address as origin",
      { addresses: [], ip: "127.5.6.7" },
      [[{ address: "127.5.6.7", port: 18_000 }], [{ address: "127.5.6.7", port: 28_000 }]],
    ],
    [
      "an address as origin, given",
      { addresses: ["127.0.0.1:9000"], ip: "127.0.0.1" },
      [[{ address: "127.0.0.1", port: 9_000 }]],
    ],
  ])("%s", (_, plan, expected) => expect(candidatesOf(plan)).toEqual(expected));

  test.each(["0.0.0.0:18000", "10.0.0.5:1", "localhost:1", "127.0.0.2:18000"])(
    "%s is refused with exit 2",
    (text) => {
      expect(() => candidatesOf({ addresses: [text], ip: undefined })).toThrow(
        expect.objectContaining({ code: "LISTEN_ADDRESS", exit: 2 }),
      );
    },
  );
});

describe("before it serves", () => {
  test("nobody is answered, and of several addresses the first that is free counts", async () => {
    const under = await testSystem();
    await using first = await openListener({ addresses: ["127.0.0.1:0"], ip: undefined }, under.system);
    const early = await raw({ host: "127.0.0.1", port: first.port }, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(early.statuses).toEqual([]);
    expect(early.end).not.toBe("timeout");
    const taken = `127.0.0.1:${first.port}`;
    await using second = await openListener(
      { addresses: [taken, "127.0.0.1:0"], ip: undefined },
      under.system,
    );
    expect(second.port).not.toBe(first.port);
    await expect(openListener({ addresses: [taken], ip: undefined }, under.system)).rejects.toMatchObject({
      code: "PORT_TAKEN",
      exit: 1,
    });
    await under.remove();
  });
});

test("F17, F18: a head has 10 s to come; together with the look once a second this makes less than 12", async () => {
  const under = await testSystem();
  await using listener = await openListener({ addresses: ["127.0.0.1:0"], ip: undefined }, under.system);
  for (const { server } of listener.bound) expect(server.headersTimeout).toBe(10_000);
  await under.remove();
});
