import { createServer } from "node:http";
import { Secret } from "../../src/base/secret.ts";
import {
  openListener,
  serveProxy,
  startForwarder,
  type ClusterView,
  type Forwarder,
  type Site,
  type StartOptions,
  type StartView,
  type TargetView,
} from "../../src/proxy/index.ts";
import { ask, type Answer } from "../http.ts";
import { siteAt, testSystem } from "./fake-site.ts";

/** The start page's origin and that of one target, behind the real gate. */
export interface StartedPage extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  readonly targetOrigin: string;
  readonly apiToken: string;
  /** What the controls were asked to do, in order. */
  readonly calls: readonly string[];
  /** What the page shows from now on. */
  view: StartView;
  /** What its own page sends with a request that changes something. */
  readonly own: Readonly<Record<string, string>>;
  readonly cookie: string;
  readonly targetCookie: string;
  /** As its own page does. */
  get(path: string): Promise<Answer>;
  post(path: string): Promise<Answer>;
  as(request: {
    readonly method: string;
    readonly path: string;
    /** Default: those of its own page. */
    readonly headers?: Readonly<Record<string, string>>;
    /** At the target's origin instead, with its session. */
    readonly target?: boolean;
  }): Promise<Answer>;
  /** A launch link of the start page. */
  launch(): string;
}

/** Controls without a gate before them: what they would be worth without one. */
export interface BareStart extends AsyncDisposable {
  readonly origin: string;
  readonly calls: readonly string[];
}

const cluster = (id: string, more: Partial<ClusterView> = {}): ClusterView => ({
  id,
  context: `context-${id}`,
  user: "alice",
  signIn: "well",
  reason: undefined,
  ends: undefined,
  production: false,
  color: undefined,
  notice: undefined,
  ...more,
});
const target = (id: string, more: Partial<TargetView> = {}): TargetView => ({
  id,
  title: "svc/ui in apps",
  cluster: "c0",
  health: "connected",
  tone: "well",
  readOnly: false,
  sends: undefined,
  ...more,
});

const SHOWN: StartView = {
  clusters: [cluster("c0"), cluster("c1"), cluster("c2", { signIn: "running" })],
  targets: [target("t0"), target("t1", { title: "svc/other in apps", cluster: "c1" })],
};

/** The app: a page at `/`, and a line for all else. */
const APP: Forwarder = {
  active: 0,
  request: (request, response) => {
    const page = request.url === "/";
    response.writeHead(200, { "Content-Type": page ? "text/html" : "text/plain" });
    response.end(page ? `<!doctype html><title>app</title><p id="who">signed in</p>` : "seen\n");
    request.resume();
  },
  upgrade: (_request, socket) => socket.destroy(),
  forget: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Notes what the controls were asked to do. */
const controls = (calls: string[]): Pick<StartOptions, "signIn" | "go" | "stop"> => ({
  signIn: (id) => void calls.push(`sign-in ${id}`),
  go: (id) => {
    calls.push(`go ${id}`);
    return new Secret(`http://ui.localhost:1/__kauth/launch#link-of-${id}`);
  },
  stop: () => void calls.push("stop"),
});

export async function bareStart(): Promise<BareStart> {
  const under = await testSystem();
  const calls: string[] = [];
  const forwarder = startForwarder({ system: under.system, view: () => SHOWN, ...controls(calls) });
  const server = createServer((request, response) =>
    forwarder.request(request, response, { session: "everybody", port: 0 }),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await under.remove();
    },
  };
}

/** `links`: whether a link leads to the target, or is one that a test can recognise. */
export async function startedPage(links: "real" | "named" = "named"): Promise<StartedPage> {
  const under = await testSystem();
  const { system } = under;
  const listener = await openListener({ addresses: ["127.0.0.1:0"], ip: undefined }, system);
  const site = siteAt("kauth-0123456789abcdef0123.localhost", { title: "kauth" });
  const app = siteAt("ui-0123456789abcdef0123.localhost");
  const calls: string[] = [];
  const shown = { view: SHOWN };
  const { go, ...others } = controls(calls);
  const forwarder = startForwarder({
    system,
    view: () => shown.view,
    ...others,
    go: (id) => {
      const named = go(id);
      return links === "named" ? named : proxy.newLaunch(app, { printed: false }).url;
    },
  });
  const proxy = await serveProxy({
    system,
    listener,
    sites: [
      { site, forwarder },
      { site: app, forwarder: APP },
    ],
  });
  const origin = proxy.originOf(site);
  const targetOrigin = proxy.originOf(app);
  const ownOf = (at: string): Record<string, string> => ({ origin: at, "sec-fetch-site": "same-origin" });
  const signIn = async (which: Site): Promise<string> => {
    const url = new URL(proxy.newLaunch(which, { printed: false }).url.reveal());
    const made = await ask(url, {
      method: "POST",
      path: "/__kauth/session",
      headers: ownOf(url.origin),
      body: url.hash.slice(1),
    });
    return made.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  };
  const [cookie, targetCookie] = [await signIn(site), await signIn(app)];
  const as: StartedPage["as"] = async ({ method, path, headers, target: there = false }) => {
    const at = there ? targetOrigin : origin;
    return await ask(new URL(at), {
      method,
      path,
      headers: headers ?? { ...ownOf(at), cookie: there ? targetCookie : cookie },
    });
  };
  return {
    host: site.host,
    origin,
    targetOrigin,
    apiToken: proxy.apiToken.reveal(),
    calls,
    get view() {
      return shown.view;
    },
    set view(next) {
      shown.view = next;
    },
    own: ownOf(origin),
    cookie,
    targetCookie,
    get: async (path) => await as({ method: "GET", path }),
    post: async (path) => await as({ method: "POST", path }),
    as,
    launch: () => proxy.newLaunch(site, { printed: false }).url.reveal(),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await under.remove();
    },
  };
}
