import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { kauth, newHome, startOpen } from "../program.ts";

let demo: Demo;
let home: Awaited<ReturnType<typeof newHome>>;
beforeAll(async () => {
  demo = await testDemo();
  home = await newHome();
  demo.cluster.people.add({ username: "bob", uid: "bob-uid", groups: [], rights: "all" });
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const target = (...args: readonly string[]): string[] => ["svc/ui", "--kubeconfig", demo.kubeconfig, ...args];

/** The pods of the demo's UI get labels, as those of a UI that is known. */
const label = (labels: Readonly<Record<string, string>>): void => {
  for (const name of ["ui-1", "ui-2"])
    demo.cluster.store.change("pods", "apps", name, (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { app: "ui", ...labels } },
    }));
};

/** Name and value of each `Impersonate-*` line that the app got. */
const impersonated = (echo: string): string[] => {
  const { headers } = JSON.parse(echo) as { headers: string[] };
  return headers.flatMap((name, index) =>
    index % 2 === 0 && /^impersonate-/i.test(name) ? [`${name}: ${headers[index + 1]}`] : [],
  );
};

describe("kauth open --as", () => {
  test("acts as somebody else towards the API server and the UI, and says so", async () => {
    label({ "app.kubernetes.io/name": "headlamp" });
    const from = demo.cluster.audit.length;
    await using open = await startOpen(
      target(
        "--leg",
        "pod",
        "--as",
        "bob",
        "--as-uid",
        "7",
        "--as-group",
        "a",
        "--as-group",
        "b,c",
        "--as-user-extra",
        "k/x=v",
      ),
    );
    expect(open.ready).toMatchObject({
      user: "bob",
      impersonation: {
        user: "bob",
        uid: "7",
        groups: ["a", "b,c"],
        extra: { "k/x": ["v"] },
        by: demo.user,
        ui: { name: "Headlamp", impersonation: "accepts" },
      },
    });
    const browser = await follow(open.link);
    const echo = await browser.get("/echo", {
      "impersonate-user": "root",
      "impersonate-group": "system:masters",
    });
    expect(impersonated(echo.text)).toEqual([
      "Impersonate-User: bob",
      "Impersonate-Uid: 7",
      "Impersonate-Group: a",
      "Impersonate-Group: b,c",
      "Impersonate-Extra-k%2Fx: v",
    ]);
    expect(echo.text).not.toContain("root");
    expect(echo.text).not.toContain("masters");
    const { headers } = JSON.parse(echo.text) as { headers: string[] };
    expect(headers.filter((name) => name.toLowerCase() === "authorization")).toHaveLength(1);
    // Every request but the one question who asks, upgrades too.
    const entries = demo.cluster.audit.slice(from);
    const plain = entries.filter(({ impersonated }) => impersonated === "");
    expect(plain.map(({ resource }) => resource)).toEqual(["selfsubjectreviews"]);
    expect(entries.filter(({ resource }) => resource === "pods/portforward").length).toBeGreaterThan(0);
    expect(entries.every(({ user }) => user === demo.user)).toBe(true);
  });

  test("a UI that nobody knows gets the headers too, and the block says what may come of it", async () => {
    label({});
    const ended = await startOpen(target("--as", "bob"));
    await using open = ended;
    expect(open.ready).toMatchObject({ impersonation: { ui: { impersonation: "unknown" } } });
    const browser = await follow(open.link);
    expect(impersonated((await browser.get("/echo")).text)).toEqual(["Impersonate-User: bob"]);
  });

  test("a UI that knows nothing of it gets none", async () => {
    label({ "app.kubernetes.io/name": "grafana" });
    await using open = await startOpen(target("--as", "bob"));
    expect(open.ready).toMatchObject({
      impersonation: { ui: { name: "Grafana", impersonation: "ignores" } },
    });
    const browser = await follow(open.link);
    expect(impersonated((await browser.get("/echo")).text)).toEqual([]);
    label({});
  });

  test("the kubeconfig can say it as well, and without it nobody is impersonated", async () => {
    const path = join(home.path, "as-bob");
    const token = await kauth(["token", "--kubeconfig", demo.kubeconfig]);
    const config = {
      ...(JSON.parse(await readFile(demo.kubeconfig, "utf8")) as Record<string, unknown>),
      users: [{ name: demo.user, user: { token: token.stdout.trim(), as: "bob", "as-groups": ["g"] } }],
    };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    await using open = await startOpen(["svc/ui", "--kubeconfig", path]);
    expect(open.ready).toMatchObject({ user: "bob", impersonation: { by: demo.user, groups: ["g"] } });
    await using plain = await startOpen(target());
    expect(plain.ready["impersonation"]).toBeUndefined();
    const browser = await follow(plain.link);
    expect(impersonated((await browser.get("/echo", { "impersonate-user": "root" })).text)).toEqual([]);
  });

  test("nobody may act as another without the right, and groups alone are refused", async () => {
    const path = await demo.kubeconfigFor("weak", "create");
    const ended = await kauth(["open", "--skip-open-browser", "svc/ui", "--kubeconfig", path, "--as", "bob"]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("cannot impersonate");
    const alone = await kauth(["open", "--skip-open-browser", ...target("--as-group", "g")]);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain("without impersonating a user");
  });

  test("without a header at all there is none of these either", async () => {
    await using open = await startOpen(target("--as", "bob", "--anonymous"));
    const browser = await follow(open.link);
    expect(impersonated((await browser.get("/echo")).text)).toEqual([]);
  });
});
