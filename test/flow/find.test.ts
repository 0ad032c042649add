import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { open } from "../opened.ts";
import { kauth } from "../program.ts";
import { onTerminal } from "../terminal.ts";

/** Services with the labels of UIs that are known, over the pods of the demo's app. */
let demo: Demo;
const put = (
  namespace: string,
  name: string,
  ui: string,
  ports: readonly object[] = [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
): void => {
  demo.cluster.store.put("services", {
    apiVersion: "v1",
    kind: "Service",
    name,
    namespace,
    labels: { "app.kubernetes.io/name": ui },
    fields: { spec: { selector: { app: name }, ports } },
  });
};

beforeAll(async () => {
  demo = await testDemo();
  put("apps", "single", "alertmanager");
  put("headlamp", "headlamp", "headlamp");
  put("team-a", "headlamp", "headlamp");
});
afterAll(async () => await demo[Symbol.asyncDispose]());

const here = (): readonly string[] => ["--kubeconfig", demo.kubeconfig];
const OPEN = ["--skip-open-browser", "--address", "127.0.0.1:0"];

describe("the list", () => {
  test("on a pipe: lines, and the command of each", async () => {
    const { code, stdout, stderr } = await kauth(["open", ...here()]);
    expect(code, stderr).toBe(0);
    expect(stdout.split("\n").filter((line) => !line.startsWith(" ") && line !== "")).toEqual([
      expect.stringMatching(/^Alertmanager +apps\/single:80 +the pod gets nothing/),
      expect.stringMatching(/^Headlamp +headlamp\/headlamp:80 +the pod gets nothing/),
      expect.stringMatching(/^Headlamp +team-a\/headlamp:80 +the pod gets nothing/),
    ]);
    expect(stdout).toContain(`  kauth open svc/single -n apps --kubeconfig ${demo.kubeconfig}\n`);
    expect(stderr).not.toContain("may not list");
  });

  test("for programs", async () => {
    const { code, stdout } = await kauth(["open", "--list", "-o", "json", ...here()]);
    expect(code).toBe(0);
    const { uis, notSearched } = JSON.parse(stdout) as Record<string, readonly Record<string, unknown>[]>;
    expect(notSearched).toEqual([]);
    expect(uis?.map(({ id, namespace, target }) => [id, namespace, target])).toEqual([
      ["alertmanager", "apps", "svc/single"],
      ["headlamp", "headlamp", "svc/headlamp"],
      ["headlamp", "team-a", "svc/headlamp"],
    ]);
  });

  test("somebody who may not list everywhere gets what they may see, and one line says so", async () => {
    const kubeconfig = await demo.kubeconfigFor("restricted", "create");
    const { code, stdout, stderr } = await kauth(["open", "--list", "--kubeconfig", kubeconfig]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("headlamp/headlamp");
    expect(stdout).not.toContain("team-a");
    expect(stderr).toBe("You may not list Services in all namespaces at once\n");
  });

  test("somebody with no rights is told so, and that is no empty list", async () => {
    const kubeconfig = await demo.kubeconfigFor("nobody", "none");
    const { code, stderr } = await kauth(["open", "--kubeconfig", kubeconfig]);
    expect(code).toBe(1);
    expect(stderr).toContain("UI_NOT_FOUND");
    expect(stderr).toContain("You may not list Services in apps, headlamp,");
    const listed = await kauth(["open", "--list", "--kubeconfig", kubeconfig]);
    expect([listed.code, listed.stdout]).toEqual([0, ""]);
    expect(listed.stderr).toContain("Name a Service and its namespace: kauth open svc/NAME -n NAMESPACE");
  });

  test("--list names no target", async () => {
    const { code, stderr } = await kauth(["open", "svc/ui", "--list", ...here()]);
    expect(code).toBe(2);
    expect(stderr).toContain("USAGE");
  });

  test("the plugin runs once for all of it", async () => {
    const before = await demo.pluginCalls();
    await kauth(["open", ...here()]);
    expect((await demo.pluginCalls()) - before).toBe(1);
  });
});

describe("a name", () => {
  test("two of it: exit 2 and the commands", async () => {
    const { code, stderr } = await kauth(["open", "headlamp", ...OPEN, ...here()]);
    expect(code).toBe(2);
    expect(stderr).toContain("TARGET_AMBIGUOUS");
    expect(stderr).toContain("  kauth open svc/headlamp -n headlamp");
    expect(stderr).toContain("  kauth open svc/headlamp -n team-a");
  });

  test("none of it", async () => {
    const { code, stderr } = await kauth(["open", "grafana", ...OPEN, ...here()]);
    expect(code).toBe(1);
    expect(stderr).toContain("UI_NOT_FOUND");
  });
});

describe("on a terminal", () => {
  test("an arrow and Enter open the one that is marked, and the terminal is as it was", async () => {
    const before = await demo.pluginCalls();
    await using terminal = await onTerminal(["open", ...OPEN, ...here()]);
    await terminal.shows("Which UI of demo?");
    terminal.type("ale");
    await terminal.shows("Filter: ale");
    terminal.type("\r");
    await terminal.shows("svc/single");
    await terminal.shows("Open this link once");
    // The keyboard is read by lines again: Enter makes another link.
    terminal.type("\n");
    await terminal.shows("Open this link once");
    // The terminal makes a signal of it again.
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toMatch(/ icanon .* echo /);
    expect((await demo.pluginCalls()) - before).toBe(1);
  });

  test.each([
    ["Escape", "\u001b"],
    ["Ctrl-C", "\u0003"],
  ])("%s leaves with a sentence", async (_name, key) => {
    await using terminal = await onTerminal(["open", ...OPEN, ...here()], { columns: 40 });
    await terminal.shows("Esc leaves");
    terminal.type(key);
    await terminal.shows("Nothing was opened");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toMatch(/ icanon .* echo /);
    const shown = terminal.screen().split("\u001b[?25h").length;
    expect(shown).toBe(2);
  });

  test("an Enter from before the list was there chooses nothing", async () => {
    await using terminal = await onTerminal(["open", ...OPEN, ...here()]);
    await terminal.shows("Looking for UIs");
    terminal.type("\n");
    await terminal.shows("Which UI of demo?");
    terminal.type("\u0003");
    await terminal.shows("Nothing was opened");
    expect(await terminal.ended).toBe(0);
  });

  test("two of a name are a choice", async () => {
    await using terminal = await onTerminal(["open", "headlamp", ...OPEN, ...here()]);
    await terminal.shows("Which headlamp of demo?");
    terminal.type("team");
    await terminal.shows("Filter: team");
    terminal.type("\u0003");
    await terminal.shows("Nothing was opened");
    expect(await terminal.ended).toBe(0);
  });

  test("a terminal that moves no cursor gets the plain list, and nothing is colored with NO_COLOR", async () => {
    await using dumb = await onTerminal(["open", ...here()], { env: { TERM: "dumb" } });
    expect(await dumb.ended).toBe(0);
    expect(dumb.screen()).toContain("kauth open svc/single");
    expect(dumb.screen()).not.toContain("\u001b");
    await using plain = await onTerminal(["open", ...here()], { env: { NO_COLOR: "1" } });
    await plain.shows("Which UI of demo?");
    plain.type("\u0003");
    await plain.ended;
    expect(plain.screen()).not.toContain("\u001b[7m");
  });
});

describe("a label that lies", () => {
  test("one that gets nothing is opened, and that is said", async () => {
    await using ui = await open(["alertmanager", ...here()]);
    expect(ui.ready).toMatchObject({ target: "svc/single" });
    await expect.poll(() => ui.stderr()).toContain("Cannot take svc/single in apps for Alertmanager");
  });

  test("a UI that would get the token has to be that UI, and gets nothing before", async () => {
    put("apps", "single", "kiali");
    const { code, stderr } = await kauth(["open", "kiali", ...OPEN, ...here()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Cannot take svc\/single in apps for Kiali: GET \/kiali\/api\/auth\/info gave 404.*\[UI_MISMATCH\]/,
    );
    expect(stderr).toContain("which is then opened whatever it is: svc/single -n apps");
  });

  test("whoever names the Service gets it, whatever it is", async () => {
    put("apps", "single", "kiali");
    await using ui = await open(["svc/single", ...here()]);
    expect(await ui.json("/api/me")).toMatchObject({ user: expect.any(String) as string });
    expect(ui.stderr()).not.toContain("Cannot take");
  });
});
