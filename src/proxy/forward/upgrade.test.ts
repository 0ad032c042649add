import { describe, expect, test } from "vitest";
import { dataPlane, OURS, settle, values, type PodStream } from "../../../test/proxy/data-plane.ts";
import { ACCEPT, GOOD, KEY, switching, UPGRADE, upgraded } from "../../../test/proxy/upgraded.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";

const refusal = (status: number, body = "denied"): string =>
  `HTTP/1.1 ${status} x\r\nX-Why: because\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe("the handshake", () => {
  test("goes up with our identity only, and without cookie, label or credential of the page", async () => {
    await using joined = await upgraded();
    const { heard } = joined.pod;
    expect(values(heard, "authorization")).toEqual(["Bearer ours"]);
    expect(values(heard, "upgrade")).toEqual(["websocket"]);
    expect(values(heard, "connection")).toEqual(["Upgrade"]);
    expect(values(heard, "cookie")).toEqual(["a=1"]);
    expect(values(heard, "origin")).toEqual(["http://ui.apps.svc"]);
    expect(values(heard, "sec-websocket-key")).toEqual([KEY]);
    expect(heard).not.toContain("localhost");
  });

  test("U14: comes back with the chosen protocol, and with nothing that a 101 has no need of", async () => {
    const lines = [
      "Sec-WebSocket-Protocol: v4.channel.k8s.io",
      "Set-Cookie: kauth-x=1",
      "Alt-Svc: h3",
      "X-A: 1",
    ];
    await using joined = await upgraded(GOOD.replace("Connection", `${lines.join("\r\n")}\r\nConnection`));
    expect(joined.client.statuses).toEqual([101]);
    expect(values(joined.client.text, "sec-websocket-accept")).toEqual([ACCEPT]);
    expect(values(joined.client.text, "sec-websocket-protocol")).toEqual(["v4.channel.k8s.io"]);
    expect(joined.client.text).not.toMatch(/set-cookie|alt-svc|x-a/i);
  });

  test("an interim answer before it is passed over", async () => {
    await using joined = await upgraded(`HTTP/1.1 100 Continue\r\n\r\n${GOOD}`);
    expect(joined.client.statuses).toEqual([101]);
  });

  test.each([
    ["another Accept", switching("Upgrade: websocket", "Sec-WebSocket-Accept: AAAA")],
    ["no Accept", switching("Upgrade: websocket")],
    [
      "two Accepts",
      switching("Upgrade: websocket", `Sec-WebSocket-Accept: ${ACCEPT}`, `Sec-WebSocket-Accept: ${ACCEPT}`),
    ],
    ["another protocol", switching("Upgrade: h2c", `Sec-WebSocket-Accept: ${ACCEPT}`)],
    ["no protocol", switching(`Sec-WebSocket-Accept: ${ACCEPT}`)],
    [
      "Accept in other capitals",
      switching("Upgrade: websocket", `Sec-WebSocket-Accept: ${ACCEPT.toLowerCase()}`),
    ],
  ])("R-F1: a 101 with %s is a 502", async (_name, answer) => {
    await using joined = await upgraded(answer);
    expect(joined.client.statuses).toEqual([502]);
    expect(joined.client.ended).toBe(true);
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });
});

describe("R-F3: an answer that is no 101", () => {
  test.each([200, 201, 204, 301, 302, 304, 307])("%i is a 502, and no stream stays open", async (status) => {
    await using joined = await upgraded(
      `HTTP/1.1 ${status} x\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(joined.client.statuses).toEqual([502]);
    expect(joined.client.text).not.toContain("evil");
    joined.client.send("GET /smuggled HTTP/1.1\r\n\r\n");
    await settle();
    expect(joined.pod.heard).not.toContain("smuggled");
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.streams).toHaveLength(1);
  });

  test.each([400, 403, 404, 426, 500, 503])("%i is relayed and the connection ends", async (status) => {
    await using joined = await upgraded(refusal(status));
    expect(joined.client.statuses).toEqual([status]);
    expect(joined.client.text).toMatch(/\r\nX-Why: because\r\n[^]*\r\nConnection: close\r\n\r\ndenied$/);
    expect(values(joined.client.text, "content-length")).toEqual(["6"]);
    expect(values(joined.client.text, "x-frame-options")).toEqual(["SAMEORIGIN"]);
    expect(joined.client.ended).toBe(true);
    expect(joined.pod.over).toBe(true);
    joined.client.send("x");
    await settle();
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("a chunked one has a length afterwards", async () => {
    await using joined = await upgraded(
      "HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    expect(values(joined.client.text, "content-length")).toEqual(["3"]);
    expect(values(joined.client.text, "transfer-encoding")).toEqual([]);
    expect(joined.client.text).toMatch(/\r\n\r\nabc$/);
  });

  test.each([
    ["garbage", "?"],
    ["status 999", "HTTP/1.1 999 x\r\n\r\n"],
    ["a text of more than a mebibyte", refusal(403, "a".repeat(1024 * 1024 + 1))],
  ])("%s is a 502", async (_name, answer) => {
    await using joined = await upgraded(answer);
    expect(joined.client.statuses).toEqual([502]);
    expect(joined.pod.over).toBe(true);
  });

  test("R-F7: a text that is cut is a 502", async () => {
    await using joined = await upgraded(refusal(403).replace("denied", "den"));
    joined.pod.end();
    await settle();
    expect(joined.client.statuses).toEqual([502]);
  });
});

describe("F12: a 401", () => {
  const NEW: RawHeaders = [["Authorization", "Bearer renewed"]];
  const strict = (stream: PodStream): void =>
    stream.say(stream.heard.includes("renewed") ? GOOD : refusal(401));

  test("is asked about once", async () => {
    await using joined = await upgraded(GOOD, {
      pod: strict,
      authorize: (rejected) => (rejected === undefined ? OURS : NEW),
    });
    expect(joined.client.statuses).toEqual([101]);
    expect(joined.plane.streams.map(({ over }) => over)).toEqual([true, false]);
    expect(joined.plane.rejected).toEqual([undefined, OURS]);
  });

  test("passes when there is no other credential", async () => {
    await using joined = await upgraded(GOOD, { pod: strict });
    expect(joined.client.statuses).toEqual([401]);
    expect(joined.plane.streams).toHaveLength(1);
  });

  test("of a page that has left is asked about no more", async () => {
    let answer = (_headers: RawHeaders): void => undefined;
    await using joined = await upgraded(GOOD, {
      pod: strict,
      authorize: (rejected) => (rejected === undefined ? OURS : new Promise((resolve) => (answer = resolve))),
    });
    joined.client.leave();
    await settle();
    answer(NEW);
    await settle();
    expect(joined.plane.streams).toHaveLength(1);
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });
});

describe("before the answer", () => {
  test("a page that leaves lets the pod go", async () => {
    await using joined = await upgraded(GOOD, { pod: () => undefined });
    joined.client.leave();
    await settle();
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("a pod that says nothing for 60 s is given up with a 504", async () => {
    await using joined = await upgraded(GOOD, { pod: () => undefined });
    joined.plane.advance(59_999);
    await settle();
    expect(joined.client.text).toBe("");
    joined.plane.advance(1);
    await settle();
    expect(joined.client.statuses).toEqual([504]);
    expect(joined.client.ended).toBe(true);
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("the 60 s end with the answer", async () => {
    await using joined = await upgraded();
    joined.plane.advance(120_000);
    joined.client.send("still here");
    await settle();
    expect(joined.pod.heard.endsWith("still here")).toBe(true);
  });

  test("U7: an outage is a 504, never a 503", async () => {
    await using plane = dataPlane({
      dial: () => {
        throw new KnownError("POD_GONE", "canary");
      },
    });
    const client = await plane.ask(UPGRADE);
    expect(client.statuses).toEqual([504]);
    expect(client.text).not.toContain("canary");
  });

  test("a port that refuses is a 502", async () => {
    await using joined = await upgraded(GOOD, {
      pod: (stream) => stream.fail(new KnownError("PORT_REFUSED", "canary")),
    });
    expect(joined.client.statuses).toEqual([502]);
  });
});
