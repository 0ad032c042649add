import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ask, type Answer } from "../http.ts";
import { open, type Opened, type RequestOptions } from "../opened.ts";
import { kauth, newHome } from "../program.ts";
import type { App } from "../stand-ins/others/app.ts";
import { argoWorkflows } from "../stand-ins/others/argo-workflows.ts";
import { grafana } from "../stand-ins/others/grafana.ts";
import { kiali } from "../stand-ins/others/kiali.ts";
import { kubetail } from "../stand-ins/others/kubetail.ts";
import { alertmanager, behindRbacProxy, prometheus } from "../stand-ins/others/monitoring.ts";
import { stage, type Stage } from "../stand-ins/opened.ts";
import type { Accounts } from "../stand-ins/seen.ts";

interface Scene extends AsyncDisposable {
  readonly staged: Stage & { readonly ui: App };
  readonly ui: Opened;
}

interface SceneOptions {
  readonly image: string;
  readonly answers: (accounts: Accounts) => App;
  readonly target?: string;
  readonly args?: readonly string[];
  /** Amy's, beside those of everybody. */
  readonly groups?: readonly string[];
  /** Text of config.yaml. */
  readonly config?: string;
}

/** `kauth open` of a stand-in, as amy. */
const scene = async ({
  image,
  answers,
  target = "svc/ui",
  args = [],
  groups = [],
  config,
}: SceneOptions): Promise<Scene> => {
  const staged = await stage({ app: "ui", image, answers });
  const { demo } = staged.plugin;
  if (groups.length > 0) {
    demo.cluster.people.add({ username: "amy", uid: "amy-uid", groups, rights: "all" });
    demo.cluster.people.issue(staged.token, "amy");
  }
  demo.cluster.people.add({ username: "bob", uid: "bob-uid", groups: [], rights: "all" });
  const home = await newHome();
  if (config !== undefined) await writeFile(join(home.path, "config.yaml"), config);
  const ui = await open([target, "--kubeconfig", demo.kubeconfig, ...args], { home: home.path });
  return {
    staged,
    ui,
    [Symbol.asyncDispose]: async () => {
      await ui[Symbol.asyncDispose]();
      await staged[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
};

/** A page's request. */
const own = ({ origin }: Opened, over: RequestOptions = {}): RequestOptions => ({
  ...over,
  headers: { origin: origin.origin, "sec-fetch-site": "same-origin", ...over.headers },
});

const cookieOf = ({ headers }: Answer): string => headers["set-cookie"]?.[0]?.split(";")[0] ?? "";

const sawCredential = ({ seen }: App): boolean => seen.some(({ authorizations }) => authorizations > 0);

describe("Kiali, header strategy", () => {
  const KIALI = { image: "quay.io/kiali/kiali:v2.1", answers: kiali };

  test("its session begins with the person's token, and its cookies pass", async () => {
    await using at = await scene(KIALI);
    const { ui, staged } = at;
    const first = await ui.fetch();
    expect([first.status, first.headers.location]).toEqual([302, "/kiali/"]);
    const begun = await ui.fetch(own(ui, { path: "/kiali/api/authenticate", method: "POST" }));
    expect(begun.status, begun.text).toBe(200);
    const cookie = cookieOf(begun);
    expect(cookie).toMatch(/^kiali-token-aes=/);
    const listed = await ui.fetch(own(ui, { path: "/kiali/api/namespaces", headers: { cookie } }));
    expect(listed.text).toContain('"seenBy":"amy"');
    expect(staged.ui.seen.every(({ authorizations, owner }) => authorizations === 1 && owner === "amy")).toBe(
      true,
    );
  });

  test("its 401 after a renewal is about its session: the page begins anew, and no plugin runs for it", async () => {
    await using at = await scene(KIALI);
    const { ui, staged } = at;
    const begin = async (): Promise<string> =>
      cookieOf(await ui.fetch(own(ui, { path: "/kiali/api/authenticate", method: "POST" })));
    const old = await begin();
    await staged.plugin.answer("amy");
    staged.plugin.demo.cluster.people.revoke(staged.token);
    const list = async (cookie: string): Promise<number> =>
      (await ui.fetch(own(ui, { path: "/kiali/api/namespaces", headers: { cookie } }))).status;
    expect(await list(old)).toBe(401);
    for (let at = 0; at < 3; at += 1) expect(await list(old)).toBe(401);
    expect(await list(await begin())).toBe(200);
    expect(await staged.plugin.runs()).toBe(2);
  });

  test("--as acts as somebody else there too", async () => {
    await using at = await scene({ ...KIALI, args: ["--as", "bob"] });
    const begun = await at.ui.fetch(own(at.ui, { path: "/kiali/api/authenticate", method: "POST" }));
    expect(begun.text).toContain('"username":"bob"');
  });
});

describe("Grafana, auth proxy", () => {
  const GRAFANA = { image: "docker.io/grafana/grafana:12.0.0", answers: grafana };

  test("R-N11: it gets the name and no token, and its 401 runs no plugin", async () => {
    await using at = await scene(GRAFANA);
    const { ui, staged } = at;
    expect(ui.ready["credential"]).toMatch(/^no token: X-WEBAUTH-USER from your credential plugin /);
    expect(await ui.json("/api/user")).toEqual({ login: "amy", groups: [] });
    expect(sawCredential(staged.ui)).toBe(false);
    expect(await staged.plugin.runs()).toBe(1);
  });

  test("what a page says of itself is dropped, in any spelling", async () => {
    await using at = await scene(GRAFANA);
    for (const name of ["X-WEBAUTH-USER", "x-webauth-user"]) {
      const { text } = await at.ui.fetch(own(at.ui, { path: "/api/user", headers: { [name]: "admin" } }));
      expect(text).toContain('"login":"amy"');
    }
  });

  test("--header adds more, and config.yaml can say what it gets", async () => {
    await using more = await scene({
      ...GRAFANA,
      groups: ["devs", "ops"],
      args: ["--header", "X-WEBAUTH-GROUPS: {{groups}}"],
    });
    expect(await more.ui.json("/api/user")).toEqual({
      login: "amy",
      groups: ["devs,ops,system:authenticated"],
    });
    await using none = await scene({
      ...GRAFANA,
      config: "version: 1\npresets:\n  grafana:\n    sends: nothing\n",
    });
    expect(none.ui.ready["credential"]).toBe("nothing: Grafana does not ask who you are");
    const asked = await none.ui.fetch(
      own(none.ui, { path: "/api/user", headers: { "X-WEBAUTH-USER": "admin" } }),
    );
    expect(asked.status).toBe(401);
    expect(sawCredential(none.staged.ui)).toBe(false);
  });

  test("R-N4: once the credential is somebody else's, no name goes there", async () => {
    await using at = await scene(GRAFANA);
    const { ui, staged } = at;
    expect((await ui.fetch({ path: "/api/user" })).status).toBe(200);
    await staged.plugin.answer("ben");
    staged.plugin.demo.cluster.people.revoke(staged.token);
    const before = staged.ui.seen.length;
    staged.remove("ui-1");
    staged.add("ui-2");
    // Sessions end with it, and connections with them.
    await expect(ui.fetch({ path: "/api/user" })).rejects.toThrow(/socket hang up/);
    expect(staged.ui.seen.length).toBe(before);
  });

  test("R-N4: whoever then opens the pages anew is named, and not who had them before", async () => {
    await using at = await scene(GRAFANA);
    const { ui, staged } = at;
    expect(await ui.json("/api/user")).toEqual({ login: "amy", groups: [] });
    await staged.plugin.answer("bob");
    staged.plugin.demo.cluster.people.revoke(staged.token);
    staged.remove("ui-1");
    staged.add("ui-3");
    let told = false;
    void ui.event("identity").then(() => (told = true));
    const asks = async (): Promise<boolean> =>
      await ui.fetch({ path: "/api/user" }).then(
        () => told,
        () => told,
      );
    await expect.poll(asks, { timeout: 20_000 }).toBe(true);
    const { kubeconfig } = staged.plugin.demo;
    const words = ["open", "svc/ui", "--kubeconfig", kubeconfig, "--skip-open-browser", "--print-link"];
    const { stdout } = await kauth([...words, "--output", "json"], { KAUTH_HOME: ui.home });
    let link = String((JSON.parse(stdout.split("\n")[1] ?? "") as Record<string, unknown>)["url"]);
    // The start page's, which leads on to the target's.
    for (let step = 0; step < 2; step += 1) {
      const { origin, hash, host } = new URL(link);
      const { text } = await ask(new URL(origin), {
        path: "/__kauth/session",
        method: "POST",
        headers: { host, origin, "sec-fetch-site": "same-origin", "content-length": String(hash.length - 1) },
        body: hash.slice(1),
      });
      link = String((JSON.parse(text) as Record<string, unknown>)["next"]);
    }
    expect(await ui.json("/api/user")).toEqual({ login: "bob", groups: [] });
  });
});

describe("what asks nobody who they are", () => {
  test.each<[string, string, (accounts: Accounts) => App, string]>([
    ["Prometheus", "quay.io/prometheus/prometheus:v3.0.0", prometheus, "/api/v1/query?query=up"],
    ["Alertmanager", "quay.io/prometheus/alertmanager:v0.28.0", alertmanager, "/api/v2/alerts"],
  ])("R-N11: %s gets nothing of the person", async (name, image, answers, path) => {
    await using at = await scene({ image, answers });
    const { ui, staged } = at;
    expect(ui.ready["credential"]).toBe(`nothing: ${name} does not ask who you are`);
    for (const each of ["/-/ready", "/", path]) expect((await ui.fetch({ path: each })).status).toBe(200);
    expect(sawCredential(staged.ui)).toBe(false);
    expect(
      staged.ui.seen.flatMap(({ headers }) => headers).filter((each) => each.startsWith("x-webauth")),
    ).toEqual([]);
  });
});

test("R-N11: kauth doctor sends none there either", async () => {
  await using staged = await stage({
    app: "ui",
    image: "docker.io/grafana/grafana:12.0.0",
    answers: grafana,
  });
  const { kubeconfig } = staged.plugin.demo;
  const { stdout } = await kauth(["doctor", "svc/ui", "--kubeconfig", kubeconfig, "--output", "json"]);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Record<string, unknown>[] };
  expect(findings.find(({ id }) => id === "ui/person")).toMatchObject({
    state: "none",
    found: expect.stringContaining("Grafana gets no token") as string,
  });
  expect(staged.ui.seen.length).toBeGreaterThan(0);
  expect(sawCredential(staged.ui)).toBe(false);
});

describe("behind kube-rbac-proxy", () => {
  const PROXY = {
    image: "quay.io/brancz/kube-rbac-proxy:v0.14.1",
    answers: (accounts: Accounts) => behindRbacProxy(accounts, (user) => user === "amy"),
    target: "svc/ui:443",
  };

  test("one good token over HTTPS is what it wants", async () => {
    await using at = await scene(PROXY);
    const { ui, staged } = at;
    expect((await ui.fetch()).text).toBe("metrics for amy");
    expect(staged.ui.seen.every(({ authorizations, owner }) => authorizations === 1 && owner === "amy")).toBe(
      true,
    );
  });

  test("a token that it refuses is renewed once", async () => {
    await using at = await scene(PROXY);
    const { ui, staged } = at;
    await staged.plugin.answer("amy");
    staged.plugin.demo.cluster.people.revoke(staged.token);
    expect((await ui.fetch()).text).toBe("metrics for amy");
    expect(await staged.plugin.runs()).toBe(2);
  });
});

describe("Argo Workflows, auth mode client", () => {
  test("the header counts, and nobody's cookie is sent", async () => {
    await using at = await scene({
      image: "quay.io/argoproj/argocli:v3.6.2",
      answers: argoWorkflows,
      target: "svc/ui:443",
    });
    const { ui, staged } = at;
    expect((await ui.fetch()).text).toContain("<title>Argo</title>");
    const bens = await staged.plugin.answer("ben");
    const listed = await ui.fetch(
      own(ui, {
        path: "/api/v1/workflows/argo",
        headers: { cookie: `authorization=${encodeURIComponent(`Bearer ${bens}`)}; theme=dark` },
      }),
    );
    expect(listed.text).toContain('"subject":"amy"');
    expect(staged.ui.seen.at(-1)?.cookies).toEqual(["theme"]);
  });
});

describe("Kubetail, auth mode token", () => {
  test("its session and its CSRF token pass, and the person is the header's", async () => {
    await using at = await scene({
      image: "docker.io/kubetail/kubetail-dashboard:0.7.2",
      answers: kubetail,
    });
    const { ui } = at;
    const session = await ui.fetch(own(ui, { path: "/api/auth/session" }));
    expect(JSON.parse(session.text)).toMatchObject({ user: "amy" });
    const cookie = cookieOf(session);
    const asked = await ui.fetch(
      own(ui, {
        path: "/graphql",
        method: "POST",
        body: "{}",
        headers: { cookie, "x-csrf-token": String(session.headers["x-csrf-token"]) },
      }),
    );
    expect(asked.text).toContain('"seenBy":"amy"');
    const without = await ui.fetch(
      own(ui, { path: "/graphql", method: "POST", body: "{}", headers: { cookie } }),
    );
    expect(without.status).toBe(403);
  });
});

describe("a UI of a person's own", () => {
  const CONFIG = `version: 1
presets:
  boards:
    name: Boards
    images: [example/boards]
    strip-cookies: [sid]
    headers:
      X-Forwarded-User: "{{username}}"
      X-Forwarded-Group: "{{groups}}"
      X-Id: "{{uid}}"
`;

  test("config.yaml says what it gets, and a flag counts more", async () => {
    const image = "example/boards:3";
    await using at = await scene({
      image,
      answers: prometheus,
      config: CONFIG,
      args: ["--header", "X-Id: none"],
    });
    const { ui, staged } = at;
    expect(ui.ready["credential"]).toMatch(/^no token: X-Forwarded-User, X-Forwarded-Group, X-Id from /);
    await ui.fetch(own(ui, { path: "/", headers: { cookie: "sid=1; a=2", "X-Forwarded-User": "root" } }));
    const last = staged.ui.seen.at(-1);
    expect(last?.cookies).toEqual(["a"]);
    expect(last?.headers.filter((name) => /^x-(?:forwarded-user|forwarded-group|id)$/.test(name))).toEqual([
      "x-forwarded-user",
      "x-forwarded-group",
      "x-id",
    ]);
    expect(sawCredential(staged.ui)).toBe(false);
  });
});
