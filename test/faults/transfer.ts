import { createHash } from "node:crypto";
import { Agent, request, type IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Opened } from "../opened.ts";

/** Large and many transfers through a `kauth open`, none of which is kept in memory. */

export interface Transferred {
  readonly status: number;
  readonly length: number;
  readonly sha256: string;
  readonly seconds: number;
}

const MiB = 1024 * 1024;
/** As the demo's `/bytes` makes them; its pattern comes again with each block. */
const BLOCK = Buffer.alloc(MiB, Buffer.from(Array.from({ length: 65_536 }, (_none, at) => at ^ (at >> 8))));

/** What `/bytes?n=SIZE` has to arrive as; whole MiB. */
export const sha256Of = (size: number): string => {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += BLOCK.length) hash.update(BLOCK);
  return hash.digest("hex");
};

const asked = (ui: Opened, wanted: { method: string; path: string; length?: number }, agent?: Agent) =>
  request({
    host: "127.0.0.1",
    port: ui.port,
    agent: agent ?? false,
    method: wanted.method,
    path: wanted.path,
    headers: {
      host: ui.origin.host,
      "x-kauth-token": ui.token,
      ...(wanted.length === undefined ? {} : { "content-length": wanted.length }),
    },
  });

/** `pace`: bytes in a second that the reader takes. Default: as many as come. */
export async function download(ui: Opened, size: number, pace?: number): Promise<Transferred> {
  const started = performance.now();
  const sent = asked(ui, { method: "GET", path: `/bytes?n=${size}` });
  sent.end();
  const response = await answerTo(sent);
  const hash = createHash("sha256");
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    hash.update(part);
    length += part.length;
    const ahead = pace === undefined ? 0 : (length / pace) * 1000 - (performance.now() - started);
    if (ahead > 10) await new Promise((resolve) => setTimeout(resolve, ahead));
  }
  const seconds = (performance.now() - started) / 1000;
  return { status: response.statusCode ?? 0, length, sha256: hash.digest("hex"), seconds };
}

/** Whole MiB. What has arrived is what the app says. */
export async function upload(ui: Opened, size: number): Promise<Transferred> {
  const started = performance.now();
  const sent = asked(ui, { method: "POST", path: "/upload", length: size });
  const answered = answerTo(sent);
  for (let at = 0; at < size; at += BLOCK.length)
    if (!sent.write(BLOCK)) await new Promise((resolve) => sent.once("drain", resolve));
  sent.end();
  const response = await answered;
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  const seen = JSON.parse(Buffer.concat(parts).toString()) as { length: number; sha256: string };
  return { ...seen, status: response.statusCode ?? 0, seconds: (performance.now() - started) / 1000 };
}

/** Many small requests over connections that are kept: milliseconds of each, sorted, and what went wrong. */
export async function many(
  ui: Opened,
  of: { readonly connections: number; readonly requests: number; readonly path?: string },
): Promise<{ readonly times: readonly number[]; readonly errors: readonly string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: of.connections });
  const times: number[] = [];
  const errors: string[] = [];
  let left = of.requests;
  await Promise.all(
    Array.from({ length: of.connections }, async () => {
      for (; left > 0;) {
        left -= 1;
        const started = performance.now();
        try {
          const sent = asked(ui, { method: "GET", path: of.path ?? "/healthz" }, agent);
          sent.end();
          const response = await answerTo(sent);
          let text = "";
          for await (const part of response as AsyncIterable<Buffer>) text += part.toString();
          if (response.statusCode !== 200 || text !== "ok\n") errors.push(`${response.statusCode} ${text}`);
        } catch (error) {
          errors.push(String(error));
        }
        times.push(performance.now() - started);
      }
    }),
  );
  agent.destroy();
  return { times: times.toSorted((a, b) => a - b), errors };
}

const answerTo = async (sent: ReturnType<typeof request>): Promise<IncomingMessage> =>
  await new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });

/** A WebSocket to the app's echo, open. */
export async function echoSocket(ui: Opened): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/ws/echo`, {
    perMessageDeflate: false,
    headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Says it and waits until it comes back. */
export const echoed = async (socket: WebSocket, text: string): Promise<string> =>
  await new Promise((resolve) => {
    socket.once("message", (data: Buffer) => resolve(data.toString()));
    socket.send(text);
  });

/** Status of the Close that the other side sends. */
export const closedWith = async (socket: WebSocket): Promise<number> =>
  await new Promise((resolve) => socket.once("close", resolve));
