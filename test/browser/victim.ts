import { createServer, type IncomingMessage } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import type { Page } from "playwright-core";
import { WebSocketServer } from "ws";
import { createForwarder, openListener, serveProxy, type Site } from "../../src/proxy/index.ts";
import { siteAt, testSystem } from "../proxy/fake-site.ts";

/** What reached the app with the victim's credential. */
export interface Touched {
  readonly url: string;
  readonly method: string;
  readonly upgrade: boolean;
}

/** A person with an app open in a browser. */
export interface Victim extends AsyncDisposable {
  /** The app's origin; attackers know it, although with the gate they could not. */
  readonly origin: string;
  readonly port: number;
  readonly touched: readonly Touched[];
  signIn(page: Page): Promise<void>;
}

const TOKEN = "Bearer the-victims-token";

/** The app behind the proxy: whatever carries the token is done. */
const createApp = (): { readonly touched: Touched[]; connect(stream: Duplex): void } => {
  const touched: Touched[] = [];
  const note = (request: IncomingMessage, upgrade: boolean): void => {
    if (request.headers.authorization !== TOKEN) return;
    touched.push({ url: request.url ?? "", method: request.method ?? "", upgrade });
  };
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    note(request, false);
    const path = new URL(request.url ?? "/", "http://app").pathname;
    const type =
      path === "/worker.js"
        ? "text/javascript"
        : path === "/events"
          ? "text/event-stream"
          : path === "/"
            ? "text/html"
            : "application/json";
    response.writeHead(200, { "Content-Type": type });
    response.end(
      type === "text/html"
        ? `<!doctype html><title>app</title><p id="who">signed in</p>`
        : type === "text/javascript"
          ? `addEventListener("fetch", (event) => event.respondWith(new Response("owned")));`
          : type === "text/event-stream"
            ? "data: secret\n\n"
            : `{"secret":"of the victim"}`,
    );
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    note(request, true);
    sockets.handleUpgrade(request, socket, head, (peer) => peer.send("secret"));
  });
  return { touched, connect: (stream) => void server.emit("connection", stream) };
};

const upstreamOf = (app: ReturnType<typeof createApp>): Site["upstream"] => ({
  dial: () => {
    const [near, far] = duplexPair();
    app.connect(far);
    return Promise.resolve({ stream: near, peer: "app" });
  },
  authorize: () => Promise.resolve([["Authorization", TOKEN]]),
});

/** The whole proxy. */
export async function guardedVictim(): Promise<Victim> {
  const app = createApp();
  const under = await testSystem();
  const listener = await openListener({ addresses: ["127.0.0.1:0"], ip: undefined }, under.system);
  const site = siteAt("ui-0123456789abcdef0123.localhost", { upstream: upstreamOf(app) });
  const forwarder = createForwarder(site, { system: under.system });
  const proxy = await serveProxy({ system: under.system, listener, sites: [{ site, forwarder }] });
  return {
    origin: proxy.originOf(site),
    port: proxy.port,
    touched: app.touched,
    signIn: async (page) => {
      await page.goto(proxy.newLaunch(site, { printed: false }).url.reveal());
      await page.locator("#who").waitFor();
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await forwarder[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await under.remove();
    },
  };
}

/** The same data plane with no gate before it: what such a tool is without one. */
export async function bareVictim(): Promise<Victim> {
  const app = createApp();
  const under = await testSystem();
  const site = siteAt("127.0.0.1", { upstream: upstreamOf(app) });
  const forwarder = createForwarder(site, { system: under.system });
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const admitted = { session: "everybody", port };
  server.on("request", (request, response) => forwarder.request(request, response, admitted));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) =>
    forwarder.upgrade(request, socket, admitted),
  );
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    touched: app.touched,
    signIn: async (page) => {
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.locator("#who").waitFor();
    },
    [Symbol.asyncDispose]: async () => {
      await forwarder[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await under.remove();
    },
  };
}
