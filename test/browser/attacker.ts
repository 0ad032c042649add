import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";

const PAGE = `<!doctype html><meta charset="utf-8"><title>attacker</title><p id="attacker">hello</p>`;

/** Serves an empty page under every name, and the same page as a file. */
export interface Attacker extends AsyncDisposable {
  readonly port: number;
  readonly file: string;
}

export async function startAttacker(port = 0): Promise<Attacker> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(PAGE);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const directory = await mkdtemp(join(tmpdir(), "kauth-attacker-"));
  const path = join(directory, "page.html");
  await writeFile(path, PAGE);
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    file: pathToFileURL(path).href,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The name that a rebinding attacker's DNS server answers with 127.0.0.1. */
export const REBIND = "rebind.test";

/** Each takes the app's origin and a path that nobody else asks for, and resolves to what the page could read. */
export const TECHNIQUES: Readonly<Record<string, string>> = {
  fetch: `(origin, path) => fetch(origin + path, { mode: "no-cors", credentials: "include" }).then(() => "")`,
  "fetch that reads": `(origin, path) => fetch(origin + path, { credentials: "include" }).then((answer) => answer.text(), () => "")`,
  "fetch by POST": `(origin, path) => fetch(origin + path, { method: "POST", mode: "no-cors", credentials: "include", body: "x=1" }).then(() => "")`,
  beacon: `async (origin, path) => { navigator.sendBeacon(origin + path, "x=1"); return ""; }`,
  form: `async (origin, path) => {
    const frame = Object.assign(document.createElement("iframe"), { name: "sink" });
    const form = Object.assign(document.createElement("form"), { method: "POST", action: origin + path, target: "sink" });
    document.body.append(frame, form);
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    form.submit();
    await loaded;
    return "";
  }`,
  image: `(origin, path) => new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = () => resolve("");
    image.src = origin + path;
  })`,
  script: `(origin, path) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = script.onerror = () => resolve("");
    script.src = origin + path;
    document.head.append(script);
  })`,
  frame: `(origin, path) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = () => resolve("");
    frame.src = origin + path;
    document.body.append(frame);
  })`,
  events: `(origin, path) => new Promise((resolve) => {
    const events = new EventSource(origin + path, { withCredentials: true });
    events.onmessage = ({ data }) => { events.close(); resolve(data); };
    events.onerror = () => { events.close(); resolve(""); };
  })`,
  WebSocket: `(origin, path) => new Promise((resolve) => {
    const socket = new WebSocket(origin.replace("http", "ws") + path);
    socket.onmessage = ({ data }) => { socket.close(); resolve(data); };
    socket.onerror = socket.onclose = () => resolve("");
  })`,
};

/** Runs one technique in a page of the attacker's. */
export async function attack(page: Page, technique: string, origin: string, path: string): Promise<string> {
  const source = TECHNIQUES[technique] ?? "";
  const limit = `new Promise((resolve) => setTimeout(() => resolve(""), 5000))`;
  const text: unknown = await page.evaluate(
    `Promise.race([${limit}, Promise.resolve((${source})(${JSON.stringify(origin)}, ${JSON.stringify(path)})).catch(() => "")])`,
  );
  return typeof text === "string" ? text : "";
}
