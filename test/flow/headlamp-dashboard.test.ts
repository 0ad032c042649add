import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { isReady } from "../../src/ui/index.ts";
import { open, type Opened } from "../opened.ts";
import { presetOf } from "../preset.ts";
import { dashboard } from "../stand-ins/dashboard/dashboard.ts";
import type { Headlamp } from "../stand-ins/headlamp/headlamp.ts";
import { headlampStage } from "../stand-ins/headlamp/stage.ts";
import { stage, type Stage } from "../stand-ins/opened.ts";
import type { Accounts } from "../stand-ins/seen.ts";

/** Its data plane through the pod: where Headlamp's own back end has to sign in. */
const opened = async (staged: Stage, ...args: readonly string[]): Promise<Opened> =>
  await open(["svc/ui", "--leg", "pod", "--kubeconfig", staged.plugin.demo.kubeconfig, ...args]);

const own = ({ origin }: Opened): Readonly<Record<string, string>> => ({
  origin: origin.origin,
  "sec-fetch-site": "same-origin",
});

const authCookies = ({ seen }: Headlamp, target: string): readonly string[] =>
  seen
    .filter((entry) => entry.target.startsWith(target))
    .flatMap(({ cookies }) => cookies)
    .filter((name) => name.startsWith("headlamp-auth-"));

describe("Headlamp through its pod (open.md §5.1)", () => {
  test("port-forward, which reads the cookie alone, gets the token in pieces; nothing else does, and no browser", async () => {
    await using staged = await headlampStage({ scale: 1 });
    // Three pieces of 3,800 bytes.
    const token = `demo-amy-${"x".repeat(8_000)}`;
    staged.plugin.demo.cluster.people.issue(token, "amy");
    await writeFile(join(staged.plugin.directory, "answer"), JSON.stringify({ token }));
    await using ui = await opened(staged);
    const made = await ui.fetch({
      path: "/clusters/main/portforward",
      method: "POST",
      body: "{}",
      headers: own(ui),
    });
    expect([made.status, made.text]).toEqual([200, '{"status":"Running","as":"amy"}']);
    expect(made.headers["set-cookie"]).toBeUndefined();
    expect(authCookies(staged.ui, "/clusters/main/portforward")).toEqual([
      "headlamp-auth-main.0",
      "headlamp-auth-main.1",
      "headlamp-auth-main.2",
    ]);
    for (const path of ["/", "/config", "/clusters/main/version", "/clusters/main/me"])
      await ui.fetch({ path });
    expect(
      staged.ui.seen
        .filter(({ target }) => !target.includes("portforward"))
        .flatMap(({ cookies }) => cookies),
    ).toEqual([]);
    expect(ui.stderr()).not.toContain("x".repeat(100));
  });

  test("U2: somebody's cookie is left over, and neither the API nor port-forward takes it for the person", async () => {
    await using staged = await headlampStage({ scale: 1 });
    const bens = await staged.plugin.answer("ben");
    await staged.plugin.answer("amy");
    await using ui = await opened(staged);
    const cookie = `headlamp-auth-main.0=${bens}; headlamp-auth-main.1=x; theme=dark`;
    const review = await ui.fetch({
      path: "/clusters/main/apis/authentication.k8s.io/v1/selfsubjectreviews",
      method: "POST",
      body: "{}",
      headers: { ...own(ui), cookie },
    });
    expect(review.text).toContain('"username":"amy"');
    expect(staged.ui.seen.at(-1)?.cookies).toEqual(["theme"]);
    const forwarded = await ui.fetch({
      path: "/clusters/main/portforward/list",
      headers: { ...own(ui), cookie },
    });
    expect(forwarded.text).toContain('"as":"amy"');
    expect(staged.ui.seen.at(-1)?.cookies).toEqual(["theme", "headlamp-auth-main.0"]);
  });

  test("the multiplexer gets it for the clusters that the page has asked for", async () => {
    await using staged = await headlampStage({ scale: 1 });
    await using ui = await opened(staged);
    await ui.fetch({ path: "/clusters/main/version" });
    const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/wsMultiplexer`, {
      headers: { ...own(ui), host: ui.origin.host, "x-kauth-token": ui.token },
    });
    await once(socket, "open");
    const ask = async (clusterId: string): Promise<unknown> => {
      socket.send(JSON.stringify({ clusterId, type: "REQUEST", path: "/api/v1/pods" }));
      const [data] = (await once(socket, "message")) as [Buffer];
      return JSON.parse(data.toString());
    };
    expect(await ask("main")).toEqual({ clusterId: "main", type: "DATA", as: "amy" });
    expect(await ask("other")).toEqual({ clusterId: "other", type: "ERROR" });
    socket.terminate();
  });

  test("U22, U23: HEAD and an unknown path are 200 and no proof; the preset's GET is", async () => {
    await using staged = await headlampStage({ scale: 1 });
    await using ui = await opened(staged);
    const looks = async (method: string, path: string): Promise<readonly [number, boolean]> => {
      const { status, text } = await ui.fetch({ method, path });
      return [status, isReady(presetOf("headlamp"), status, text)];
    };
    expect(await looks("HEAD", "/config")).toEqual([200, false]);
    expect(await looks("GET", "/apis/apps/v1/deployments")).toEqual([200, false]);
    expect(await looks("GET", "/config")).toEqual([200, true]);
  });

  test("U24: what it says of caching passes as it is, each request is its own, and framing is kauth's to forbid", async () => {
    await using staged = await headlampStage({ scale: 1 });
    await using ui = await opened(staged);
    const first = await ui.fetch();
    const second = await ui.fetch();
    expect(first.headers["last-modified"]).toBeDefined();
    for (const { headers } of [first, second]) {
      expect(headers["cache-control"]).toBeUndefined();
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'self'");
      expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
    }
    expect(staged.ui.seen.filter(({ target }) => target === "/")).toHaveLength(2);
  });
});

describe("Kubernetes Dashboard", () => {
  const at = (version: 2 | 7, image: string) =>
    ({
      app: "ui",
      image,
      target: "svc/ui:443",
      answers: (accounts: Accounts) => dashboard({ accounts, scale: 1, version }),
    }) as const;

  test.each([
    ["7", at(7, "docker.io/kubernetesui/dashboard-web:1.7.0"), "token"],
    ["2.7", at(2, "kubernetesui/dashboard:v2.7.0"), "jweToken"],
  ])(
    "U3: %s: a cookie that its script reads is not sent to it, and is taken out of the browser",
    async (_version, of, name) => {
      await using staged = await stage(of);
      staged.ui.pods.add("first");
      const bens = await staged.plugin.answer("ben");
      await staged.plugin.answer("amy");
      await using ui = await open([of.target, "--kubeconfig", staged.plugin.demo.kubeconfig]);
      const listed = await ui.fetch({
        path: "/api/v1/pod/apps",
        headers: { ...own(ui), authorization: `Bearer ${bens}`, cookie: `${name}=${bens}; username=x` },
      });
      expect(listed.text).toContain("first");
      expect(listed.headers["set-cookie"]).toEqual([`${name}=; Max-Age=0; Path=/`]);
      expect(staged.ui.seen.at(-1)).toMatchObject({ owner: "amy", authorizations: 1, cookies: ["username"] });
      // Nothing is set where nothing was there.
      expect(
        (await ui.fetch({ path: "/api/v1/pod/apps", headers: own(ui) })).headers["set-cookie"],
      ).toBeUndefined();
    },
  );

  test("U24: its page is not kept, and its answers are its own to mark", async () => {
    await using staged = await stage(at(7, "docker.io/kubernetesui/dashboard-web:1.7.0"));
    await using ui = await open(["svc/ui:443", "--kubeconfig", staged.plugin.demo.kubeconfig]);
    expect((await ui.fetch()).headers["cache-control"]).toBe("no-cache, no-store, must-revalidate");
    const me = await ui.fetch({ path: "/api/v1/me" });
    expect(me.headers["cache-control"]).toBeUndefined();
    expect(isReady(presetOf("dashboard"), me.status, me.text)).toBe(true);
    expect(isReady(presetOf("dashboard"), 200, (await ui.fetch()).text)).toBe(false);
  });
});
