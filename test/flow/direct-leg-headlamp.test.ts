import { once } from "node:events";
import { WebSocket } from "ws";
import { describe, expect, test } from "vitest";
import { NAMESPACE, putPod, refreshSlices } from "../../src/demo/workloads.ts";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import { certificateUser, unsignedJwt, writeKubeconfig } from "../kubeconfigs.ts";
import { open, type Opened } from "../opened.ts";
import { sendJson, sendText } from "../stand-ins/answers.ts";
import { HEADLAMP_IMAGE } from "../stand-ins/headlamp/stage.ts";
import { cookiesOf, linesOf } from "../stand-ins/seen.ts";
import { eventually } from "../stand-ins/opened.ts";
import { runInPods, type Pods } from "../stand-ins/pods.ts";
import { openSocket } from "../stand-ins/socket.ts";

/** What a pod was told; values, for the tokens of this test are nobody's. */
interface Told {
  readonly pod: string;
  readonly method: string;
  readonly target: string;
  readonly authorization: readonly string[];
  readonly cookies: ReadonlyMap<string, string>;
  readonly impersonate: readonly string[];
  readonly upgrade: boolean;
}

type Config = { readonly base?: string; readonly status?: number; readonly text: string } | "silence";

/** A Headlamp that records, and says of its clusters what the test says. */
interface Scene extends AsyncDisposable {
  readonly plugin: Answering;
  readonly told: Told[];
  readonly pods: Pods;
  config: Config;
  /** How often `/config` was asked for with nothing of a browser's. */
  looks(): number;
  put(name: string): void;
  remove(name: string): void;
  start(...args: readonly string[]): Promise<Opened>;
}

const configOf = (...clusters: readonly (readonly [name: string, source?: string])[]): Config => ({
  text: JSON.stringify({
    clusters: clusters.map(([name, source = "incluster"]) => ({
      name,
      server: "https://10.0.0.1",
      auth_type: "",
      meta_data: { source, originalName: name },
    })),
  }),
});

const scene = async (config: Config): Promise<Scene> => {
  const told: Told[] = [];
  const note = (request: Parameters<typeof cookiesOf>[0], pod: string, upgrade: boolean): void => {
    told.push({
      pod,
      method: request.method ?? "",
      target: request.url ?? "",
      authorization: linesOf(request, "authorization"),
      cookies: cookiesOf(request),
      impersonate: request.rawHeaders.filter((name) => name.toLowerCase().startsWith("impersonate-")),
      upgrade,
    });
  };
  const pods = runInPods(() => ({
    request: (request, response, pod) => {
      note(request, pod, false);
      const { config: now } = made;
      if (request.url?.endsWith("/config") !== true) {
        const headers = { "Set-Cookie": "headlamp-auth-main.0=fresh; Path=/" };
        sendJson(response, 200, { by: "the pod" }, headers);
      } else if (now === "silence") return;
      else if (request.url !== `${now.base ?? ""}/config`) sendText(response, 404, "404 page not found");
      else sendText(response, now.status ?? 200, now.text, { "Content-Type": "application/json" });
    },
    upgrade: (request, socket, head, pod) => {
      note(request, pod, true);
      openSocket({ request, socket, head }).text("multiplexed");
    },
  }));
  const plugin = await answeringPlugin({ pods });
  await plugin.answer("amy");
  const { store } = plugin.demo.cluster;
  const put = (name: string): void => {
    putPod(store, { name, app: "ui", image: HEADLAMP_IMAGE });
    refreshSlices(store);
  };
  const remove = (name: string): void => {
    store.delete("pods", NAMESPACE, name);
    refreshSlices(store);
    pods.stop(name);
  };
  put("ui-1");
  remove("ui-2");
  const made: Scene = {
    plugin,
    told,
    pods,
    config,
    looks: () => told.filter(({ target }) => target.endsWith("/config")).length,
    put,
    remove,
    start: async (...args) => await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig, ...args]),
    [Symbol.asyncDispose]: async () => await plugin[Symbol.asyncDispose](),
  };
  return made;
};

const API = "api/v1/namespaces/apps/pods";
const statusOf = async (ui: Opened, path: string, method = "GET"): Promise<number> =>
  (await ui.fetch({ path, method })).status;
const withSomething = ({ told }: Scene): readonly Told[] =>
  told.filter(
    ({ authorization, cookies, impersonate }) =>
      authorization.length > 0 || cookies.size > 0 || impersonate.length > 0,
  );

describe.concurrent("D.2: the name of Headlamp's cluster", () => {
  test.each<readonly [string, Config, string]>([
    ["the only one", configOf(["prod-eu"]), "prod-eu"],
    ["the in-cluster one of several", configOf(["a", "kubeconfig"], ["b c"], ["d", "kubeconfig"]), "b%20c"],
    ["main where none says so", configOf(["a", "kubeconfig"], ["b", "kubeconfig"]), "main"],
    ["main where the answer is a page", { text: "<!doctype html><p>hello" }, "main"],
    ["main where there is no such page", { status: 404, text: "" }, "main"],
    ["main where the types are wrong", { text: '{"clusters":{"name":7}}' }, "main"],
    ["main where the only name is none", configOf(["../x"]), "main"],
    [
      "one of 10,000",
      configOf(
        ...Array.from(
          { length: 10_000 },
          (_none, at) => [`c-${at}`, at === 9_999 ? "incluster" : ""] as const,
        ),
      ),
      "c-9999",
    ],
    [
      "main where the list is larger than is read",
      configOf(["x".repeat(4_200_000), "kubeconfig"], ["late"]),
      "main",
    ],
  ])("is %s", async (_what, config, name) => {
    await using made = await scene(config);
    await using ui = await made.start();
    expect(ui.ready["credential"]).toMatch(/^nothing: .* goes to the API server only$/);
    // Nobody asks before it matters.
    expect(await statusOf(ui, "/c/x/pods")).toBe(200);
    expect(made.looks()).toBe(0);
    const all = await Promise.all([1, 2, 3].map(async () => await statusOf(ui, `/clusters/${name}/${API}`)));
    expect(all).toEqual([200, 200, 200]);
    expect(made.looks()).toBe(1);
    for (const other of ["other", "Main", "a"]) {
      expect(await statusOf(ui, `/clusters/${other}/${API}`)).toBe(404);
      expect(await statusOf(ui, `/clusters/${other}/helm/releases`)).toBe(404);
    }
    expect(made.told.filter(({ target }) => target.startsWith("/clusters/"))).toEqual([]);
    expect(withSomething(made)).toEqual([]);
  });

  test("is found below the base that the page has, which is the only one", async () => {
    await using made = await scene({ ...(configOf(["prod"]) as { text: string }), base: "/head/lamp" });
    await using ui = await open([
      "http://ui.apps.svc/head/lamp/",
      "--kubeconfig",
      made.plugin.demo.kubeconfig,
    ]);
    expect(await statusOf(ui, `/head/lamp/clusters/prod/${API}`)).toBe(200);
    expect(await ui.json("/head/lamp/clusters/prod/me")).toMatchObject({ username: "amy" });
    expect(await statusOf(ui, `/head/lamp/clusters/main/${API}`)).toBe(404);
    expect(await statusOf(ui, "/head/lamp/wsMultiplexer")).toBe(501);
    // Below another one the UI has nothing, and what is there is its own.
    expect((await ui.fetch({ path: `/clusters/prod/${API}` })).text).toContain("the pod");
    expect(withSomething(made)).toEqual([]);
  });

  test("is asked again after an answer that could not be had, and of the pod that took its place", async () => {
    await using made = await scene({ status: 500, text: "starting" });
    await using ui = await made.start();
    const { status, text } = await ui.fetch({ path: `/clusters/main/${API}` });
    // Never 503 nor 401, which throw Headlamp out (ui-traffic U7).
    expect([502, 504], text).toContain(status);
    made.config = configOf(["one"]);
    expect(await statusOf(ui, `/clusters/one/${API}`)).toBe(200);
    made.config = configOf(["two"]);
    made.put("ui-3");
    made.remove("ui-1");
    await eventually(async () => await statusOf(ui, `/clusters/two/${API}`), 200, 20_000);
    expect(made.looks()).toBeLessThan(6);
    expect(withSomething(made)).toEqual([]);
  });

  test("keeps nobody waiting longer than a moment where the pod says nothing", async () => {
    await using made = await scene("silence");
    await using ui = await made.start();
    const started = performance.now();
    expect(await statusOf(ui, `/clusters/main/${API}`)).toBe(504);
    expect(performance.now() - started).toBeLessThan(9_000);
    expect(await statusOf(ui, "/c/main/pods")).toBe(200);
  });

  test("once it is known, the API is there without any pod", async () => {
    await using made = await scene(configOf(["prod"]));
    await using ui = await made.start();
    expect(await statusOf(ui, `/clusters/prod/${API}`)).toBe(200);
    made.remove("ui-1");
    for (let turn = 0; turn < 5; turn += 1) expect(await statusOf(ui, `/clusters/prod/${API}`)).toBe(200);
  });
});

const certificateFor = async ({ plugin: { demo, directory } }: Scene, name = "amy"): Promise<string> => {
  const user = certificateUser(demo, name);
  return await writeKubeconfig(demo, directory, `certificate-${name}`, { user });
};

describe.concurrent("D.2: --leg auto", () => {
  test("opens Headlamp with a client certificate, and refuses any other UI then", async () => {
    await using made = await scene(configOf(["main"]));
    const kubeconfig = await certificateFor(made);
    await using ui = await made.start("--kubeconfig", kubeconfig);
    expect(await ui.json("/clusters/main/me")).toMatchObject({ username: "amy" });
    expect((await ui.fetch({ path: "/clusters/main/helm/releases" })).text).toContain(
      "your kubeconfig gives none",
    );
    expect(withSomething(made)).toEqual([]);
    await expect(open(["svc/single", "--kubeconfig", kubeconfig])).rejects.toThrow(/NO_BEARER_TOKEN/);
    await expect(made.start("--kubeconfig", kubeconfig, "--leg", "pod")).rejects.toThrow(/NO_BEARER_TOKEN/);
  });

  test("with --anonymous everything goes to the pod, and nothing of a person anywhere", async () => {
    await using made = await scene(configOf(["main"]));
    await using ui = await made.start("--anonymous");
    expect(ui.ready["credential"]).toBe("nothing (--anonymous)");
    expect((await ui.fetch({ path: `/clusters/main/${API}` })).text).toContain("the pod");
    expect(withSomething(made)).toEqual([]);
  });

  test("Headlamp acts as whom the person acts as", async () => {
    await using made = await scene(configOf(["main"]));
    await made.plugin.answer("ben");
    await made.plugin.answer("amy");
    await using ui = await made.start("--as", "ben");
    expect(ui.ready).toMatchObject({ impersonation: { ui: { name: "Headlamp", impersonation: "accepts" } } });
    expect(await ui.json("/clusters/main/me")).toMatchObject({ username: "ben" });
    expect(withSomething(made)).toEqual([]);
  });

  test("--leg pod sends the token into the pod, as before", async () => {
    await using made = await scene(configOf(["main"]));
    await using ui = await made.start("--leg", "pod");
    expect((await ui.fetch({ path: `/clusters/main/${API}` })).text).toContain("the pod");
    expect(made.told.at(-1)?.authorization).toHaveLength(1);
  });
});

describe.concurrent("D.2: who somebody is", () => {
  test("R-N4: is not said of somebody else's new credential", async () => {
    await using made = await scene(configOf(["main"]));
    const token = await made.plugin.answer("amy");
    await using ui = await made.start();
    expect(await ui.json("/clusters/main/me")).toMatchObject({ username: "amy" });
    await made.plugin.answer("ben");
    made.plugin.demo.cluster.people.revoke(token);
    const said: string[] = [];
    for (const path of ["/clusters/main/me", "/clusters/main/me", `/clusters/main/${API}`])
      // Whoever has pages open is cut off with the session.
      said.push(await ui.fetch({ path }).then(({ text }) => text, String));
    expect(said.join(" ")).toContain("IDENTITY_CHANGED");
    expect(said.filter((text) => !/IDENTITY_CHANGED|hang up|ECONNRESET/.test(text))).toEqual([]);
  });
});

describe.concurrent("D.2: what needs Headlamp's back end", () => {
  test("says which flag lets it have the token, and does not get it", async () => {
    await using made = await scene(configOf(["main"]));
    await using ui = await made.start();
    for (const path of [
      "helm/releases/list",
      "serviceproxy/apps/x",
      "portforward",
      "portforward/list",
      "x",
    ]) {
      const { status, text } = await ui.fetch({ path: `/clusters/main/${path}` });
      expect([status, path]).toEqual([501, path]);
      expect(text).toContain("--send-token-to-pod");
    }
    expect((await ui.fetch({ path: "/wsMultiplexer" })).text).toContain("--send-token-to-pod");
    expect((await ui.fetch({ path: "/drain-node", method: "POST" })).text).toContain("kubectl drain");
    expect((await ui.fetch({ path: "/auth/set-token", method: "POST", body: "{}" })).text).toBe("{}");
    expect(withSomething(made)).toEqual([]);
    expect(made.told.filter(({ target }) => target !== "/config")).toEqual([]);
  });

  test("gets it with --send-token-to-pod, and nothing else does", async () => {
    await using made = await scene(configOf(["my.prod"]));
    const { demo } = made.plugin;
    const token = unsignedJwt({ aud: "6dae42f8-4368-4678-94ff-3960e28e3630", pad: "x".repeat(6_000) });
    demo.cluster.people.issue(token, "amy");
    const kubeconfig = await writeKubeconfig(demo, made.plugin.directory, "long", { user: { token } });
    await using ui = await made.start("--kubeconfig", kubeconfig, "--send-token-to-pod");
    expect(ui.ready["credential"]).toContain("--send-token-to-pod");
    const cookie = { cookie: "headlamp-auth-myprod.0=theirs; mine=1" };
    const helm = await ui.fetch({ path: "/clusters/my.prod/helm/releases/list", headers: cookie });
    expect(helm.text).toContain("the pod");
    // A token that the pod would put into the browser stays here.
    expect(helm.headers["set-cookie"]).toBeUndefined();
    expect(made.told.at(-1)).toMatchObject({ authorization: [`Bearer ${token}`], cookies: new Map() });
    await ui.fetch({ path: "/clusters/my.prod/portforward", method: "POST", body: "{}", headers: cookie });
    const { authorization, cookies } = made.told.at(-1) ?? {};
    expect(authorization).toEqual([]);
    expect([...(cookies?.keys() ?? [])]).toEqual(
      ["headlamp-auth-myprod.0", "headlamp-auth-myprod.1", "headlamp-auth-myprod.2"].slice(
        0,
        Math.ceil(token.length / 3_800),
      ),
    );
    expect([...(cookies?.values() ?? [])].join("")).toBe(token);
    expect(Math.max(...[...(cookies?.values() ?? [])].map(({ length }) => length))).toBe(3_800);
    const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/wsMultiplexer`, {
      headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
    });
    expect(String(((await once(socket, "message")) as [Buffer])[0])).toBe("multiplexed");
    socket.terminate();
    expect(made.told.at(-1)).toMatchObject({ upgrade: true, authorization: [] });
    expect([...(made.told.at(-1)?.cookies.values() ?? [])].join("")).toBe(token);
    const before = withSomething(made).length;
    for (const path of [
      "/",
      "/config",
      "/externalproxy",
      "/plugins",
      "/drain-node",
      "/clusters/other/helm/releases",
      "/clusters/other/portforward",
      `/clusters/my.prod/${API}`,
      "/clusters/my.prod/helm/%2e%2e/x",
    ])
      await ui.fetch({ path, method: "POST", body: "{}" });
    expect(withSomething(made)).toHaveLength(before);
    expect(ui.stderr()).not.toContain(token);
  });

  test("never gets the token of whoever acts as somebody else: it would act as themselves", async () => {
    await using made = await scene(configOf(["main"]));
    await made.plugin.answer("ben");
    await made.plugin.answer("amy");
    await using ui = await made.start("--as", "ben", "--send-token-to-pod");
    for (const path of ["helm/releases", "portforward"]) {
      const { status, text } = await ui.fetch({ path: `/clusters/main/${path}` });
      expect(status).toBe(501);
      expect(text).toContain("act as");
    }
    expect(withSomething(made)).toEqual([]);
  });
});
