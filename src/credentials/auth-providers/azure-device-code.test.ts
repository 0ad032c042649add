import { describe, expect, test } from "vitest";
import { sent, type Answer } from "../../../test/auth-provider-scene.ts";
import { azure, CODE, DEVICE, IDS, pending, someone, token, WAITING } from "../../../test/azure-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("the device code", () => {
  test("its message is shown on stderr, without controls", async () => {
    await using cloud = await azure({});
    await using who = await someone(IDS, cloud);
    await (await who.source()).get();
    expect(who.said()).toContain(
      "To sign in, open https://microsoft.com/devicelogin\\u{1b}[2J and enter the code ABC-123\n",
    );
  });

  test("without a message there is one of our own", async () => {
    await using cloud = await azure({ device: [{ body: { ...(CODE.body as object), message: undefined } }] });
    await using who = await someone(IDS, cloud);
    await (await who.source()).get();
    expect(who.said()).toContain(
      "To sign in, open https://microsoft.com/devicelogin in a browser and enter ABC-123\n",
    );
  });

  test.each([
    ["at once", CODE, [token("new")], []],
    ["after two questions", CODE, [pending, pending, token("new")], [5, 5]],
    [
      "after being told to slow down",
      CODE,
      [{ status: 400, body: { error: "slow_down" } }, pending, token("new")],
      [10, 10],
    ],
    [
      "with numbers for numbers",
      { body: { ...(CODE.body as object), interval: 7, expires_in: 900 } },
      [pending, token("new")],
      [7],
    ],
    [
      "without an interval",
      { body: { ...(CODE.body as object), interval: undefined } },
      [pending, token("new")],
      [5],
    ],
    [
      "with an interval of 0",
      { body: { ...(CODE.body as object), interval: "0" } },
      [pending, token("new")],
      [1],
    ],
    [
      "with an interval of a day",
      { body: { ...(CODE.body as object), interval: "86400" } },
      [pending, token("new")],
      [60],
    ],
  ])("%s", async (_name, device, poll, slept) => {
    await using cloud = await azure({ device: [device], poll });
    await using who = await someone(IDS, cloud);
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-new");
    expect(who.slept).toEqual(slept.map((seconds) => seconds * 1000));
  });

  const slow: Answer = { status: 400, body: { error: "slow_down" } };
  const TOKEN = "Error occurred while handling response from the Token Endpoint (during device flow): ";
  test.each<[string, readonly (Answer | "cut")[], string]>([
    [
      "slow_down twice",
      [slow, slow],
      "Error waiting for user to complete device flow. Server told us to slow_down too much",
    ],
    [
      "access_denied",
      [pending, { status: 400, body: { error: "access_denied" } }],
      "Error while retrieving OAuth token: Access Denied",
    ],
    [
      "code_expired",
      [{ status: 400, body: { error: "code_expired" } }],
      "Error while retrieving OAuth token: Code Expired",
    ],
    [
      "something else",
      [{ status: 400, body: { error: "invalid_client" } }],
      "Error while retrieving OAuth token: Unknown Error",
    ],
    ["nothing", [{ body: "" }], "Error while retrieving OAuth token: Token Empty"],
    ["nothing with another status", [{ status: 503, body: "" }], `${TOKEN}Error HTTP status != 200`],
    ["no JSON", [{ status: 500, body: "canary" }], `${TOKEN}value must be an object, not missing`],
    [
      "a number for a token",
      [{ body: { access_token: 7 } }],
      `${TOKEN}access_token must be text, not number`,
    ],
  ])("a poll answered by %s", async (_name, poll, wanted) => {
    await using cloud = await azure({ poll });
    await using who = await someone(IDS, cloud);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["AUTH_PROVIDER_FAILED", `${WAITING}${wanted}`]);
    expect(who.writes()).toBe(0);
  });

  test("a poll whose connection breaks", async () => {
    await using cloud = await azure({ poll: ["cut"] });
    await using who = await someone(IDS, cloud);
    const { code, message } = await failureOf((await who.source()).get());
    expect(code).toBe("CONNECTION_LOST");
    expect(message).toContain(
      `${WAITING}Error occurred while sending request with device code for a token: `,
    );
  });

  test("a code that nobody used is given up at its end", async () => {
    await using cloud = await azure({ poll: Array.from({ length: 200 }, () => pending) });
    await using who = await someone(IDS, cloud);
    const { message } = await failureOf((await who.source()).get());
    expect(message).toBe(`${WAITING}Error while retrieving OAuth token: Code Expired`);
    expect(who.slept.length).toBe(900 / 5);
  });

  const START_DEVICE = `${DEVICE}initialing the device code authentication: autorest/adal/devicetoken: `;
  test.each<[string, Answer, string]>([
    [
      "another status",
      { status: 400, body: "canary" },
      "Error occurred while handling response from the Device Endpoint: Error HTTP status != 200",
    ],
    ["nothing", { body: " " }, "Error while retrieving device code: Device Code Empty"],
    [
      "no JSON",
      { body: "canary" },
      "Error occurred while handling response from the Device Endpoint: value must be an object, not missing",
    ],
    [
      "no code",
      { body: { message: "m" } },
      "Error occurred while handling response from the Device Endpoint: device_code must be text, not missing",
    ],
  ])("no code, but %s", async (_name, device, wanted) => {
    await using cloud = await azure({ device: [device] });
    await using who = await someone(IDS, cloud);
    const { message } = await failureOf((await who.source()).get());
    expect(message).toBe(`${START_DEVICE}${wanted}`);
  });

  test("it ends when nobody waits for it", async () => {
    await using cloud = await azure({ poll: Array.from({ length: 50 }, () => pending) });
    await using who = await someone(IDS, cloud);
    let asleep = 0;
    const system = {
      ...who.system,
      sleep: async (_time: number, signal?: AbortSignal): Promise<void> => {
        asleep += 1;
        await new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            asleep -= 1;
            reject(signal.reason as Error);
          });
        });
      },
    };
    const source = await who.source(system);
    const stop = new AbortController();
    const waiting = source.get({ signal: stop.signal });
    await expect.poll(() => asleep).toBe(1);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(asleep).toBe(0);
  });
});
