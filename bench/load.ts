import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { aptInstall } from "../tools/apt.ts";
import { usage, type Contender } from "./contender.ts";

export interface Rate {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** Processor microseconds of the contender for each request. */
  readonly cpuMicros: number;
}

const MILLIS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };
const duration = (text: string, percent: string): number => {
  const found = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(text);
  return Number(found?.[1] ?? Number.NaN) * (MILLIS[found?.[2] ?? "ms"] ?? 1);
};

/** Gets `wrk` where that can be done. @throws {Error} it is not there, and cannot be had */
export const needWrk = (): void => {
  if (spawnSync("wrk", ["-v"]).error !== undefined && !aptInstall("wrk"))
    throw new Error("the load comes from wrk: install it, then try again");
};

/** `wrk` for some seconds. */
export async function rate(to: Contender, connections: number, lasting: number, path: string): Promise<Rate> {
  const before = to.pid === undefined ? undefined : await usage(to.pid);
  const headers = Object.entries(to.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const child = spawn(
    "wrk",
    [
      "-t1",
      `-c${connections}`,
      `-d${lasting}s`,
      "--latency",
      ...headers,
      `http://${to.host}:${to.port}${path}`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  const total = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  const bad =
    Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0) +
    [...text.matchAll(/(?:connect|read|write|timeout) (\d+)/g)].reduce(
      (sum, found) => sum + Number(found[1]),
      0,
    );
  const spent = to.pid === undefined || before === undefined ? 0 : (await usage(to.pid)).cpu - before.cpu;
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    p50: duration(text, "50"),
    p99: duration(text, "99"),
    errors: bad,
    cpuMicros: total === 0 ? 0 : (spent * 1e6) / total,
  };
}

/** Read into again and again. */
const INTO = Buffer.alloc(256 * 1024);

/**
 * MB/s of one download. The client reads a bare socket and keeps nothing: one that parses and collects would take as
 * much of the two cores as what is measured.
 */
export async function download(from: Contender, size: number): Promise<number> {
  const started = performance.now();
  let head: string | undefined = "";
  let length = 0;
  const socket = connect({
    host: from.host,
    port: from.port,
    onread: {
      buffer: INTO,
      callback: (count, bytes) => {
        length += count;
        if (head === undefined) return true;
        head += Buffer.from(bytes.buffer, bytes.byteOffset, count).toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return true;
        if (!head.startsWith("HTTP/1.1 200 ") || /transfer-encoding/i.test(head.slice(0, end)))
          throw new Error(`${from.name}: ${head.slice(0, end)}`);
        length = head.length - end - 4;
        head = undefined;
        return true;
      },
    },
  });
  const headers = Object.entries({ Host: `${from.host}:${from.port}`, ...from.headers });
  socket.write(
    `GET /bytes?n=${size} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}Connection: close\r\n\r\n`,
  );
  await once(socket, "close");
  if (length !== size) throw new Error(`${from.name}: ${length} bytes of ${size}`);
  return size / 1e6 / ((performance.now() - started) / 1000);
}

/** MB/s of one upload. */
export async function upload(to: Contender, size: number): Promise<number> {
  const chunk = Buffer.alloc(1024 * 1024, 97);
  const started = performance.now();
  const origin = to.headers["sec-fetch-site"] === undefined ? {} : { origin: `http://${to.headers["Host"]}` };
  const sent = request({
    host: to.host,
    port: to.port,
    path: "/upload",
    method: "POST",
    headers: { ...to.headers, ...origin, "content-length": String(size) },
    agent: false,
  });
  const answered = once(sent, "response");
  for (let done = 0; done < size; done += chunk.length) if (!sent.write(chunk)) await once(sent, "drain");
  sent.end();
  const [response] = (await answered) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 200) throw new Error(`${to.name}: upload answered ${response.statusCode}`);
  return size / 1e6 / ((performance.now() - started) / 1000);
}
