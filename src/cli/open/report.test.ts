import { describe, expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { epochMillis } from "../../base/units.ts";
import { reportTo, untilText, type OpenEvent } from "./report.ts";

const START = epochMillis(Date.parse("2026-01-02T03:04:05Z"));

describe("when something ends", () => {
  test.each([
    { seconds: -5, text: /^in 0 s \(/ },
    { seconds: 59, text: /^in 59 s \(\d\d:\d\d:\d\d\)$/ },
    { seconds: 119, text: /^in 119 s/ },
    { seconds: 14 * 60, text: /^in 14 min \(\d\d:\d\d:\d\d\)$/ },
    { seconds: 5 * 3600, text: /^in 5 h \(2026-01-02T08:04:05Z\)$/ },
    { seconds: 1207 * 86_400, text: /^in 1207 days \(2029-04-23T03:04:05Z\)$/ },
  ])("$seconds s from now", ({ seconds, text }) => {
    expect(untilText(epochMillis(START + seconds * 1000), START)).toMatch(text);
  });
});

const READY: OpenEvent = {
  event: "ready",
  url: "http://ui-0123.localhost:18000/",
  target: "svc/ui",
  port: 8443,
  scheme: "https",
  namespace: "apps",
  context: "prod",
  kubeconfig: "/home/alice/.kube/config",
  pod: "ui-1",
  image: "demo/app:1",
  user: "alice\u001B[2J",
  impersonation: undefined,
  serviceAccount: undefined,
  method: "token",
  credential: "the token of your kubeconfig",
  expiresAt: undefined,
  readOnly: false,
  addresses: ["127.0.0.1:18000"],
  apiTokenFile: undefined,
};
const LINK = {
  event: "link" as const,
  url: "http://ui-0123.localhost:18000/__kauth/launch#t",
  goodForSeconds: 600,
};

describe("events", () => {
  test("as text go to stderr, with what the cluster said made harmless", async () => {
    await using under = await recorded();
    const report = reportTo(under.system(), { output: "text", printLink: false });
    report.emit(READY);
    report.emit(LINK);
    expect(under.out).toEqual([]);
    expect(under.err).toContain("  pod      ui-1, image demo/app:1");
    expect(under.err.join("")).not.toContain("\u001B");
    expect(under.err.at(-1)).toContain("__kauth/launch#t");
  });

  const say = async (event: OpenEvent, env: Readonly<Record<string, string>> = {}): Promise<string[]> => {
    await using under = await recorded(env);
    reportTo(under.system(), { output: "text", printLink: false }).emit(event);
    return under.err;
  };

  test("say which port is opened, and how", async () => {
    expect(await say(READY)).toContain("  target   svc/ui, port 8443 (https), namespace apps, context prod");
  });

  test("say that nothing can be changed", async () => {
    const mode = "  mode     read-only: what may change something is refused";
    expect(await say({ ...READY, readOnly: true })).toContain(mode);
    expect(await say(READY)).not.toContain(mode);
  });

  test("say who has it open, and that the kubeconfig is another one", async () => {
    const targets = [{ target: "svc/ui\u001B[2J", namespace: "apps", context: undefined }];
    const [line = ""] = await say({ event: "attached", pid: 4711, targets, addresses: [] });
    expect(line).toMatch(/^kauth \(pid 4711\) has it open already: svc\/ui.* in apps$/);
    expect(line).not.toContain("\u001B");
    expect(await say({ event: "kubeconfig", changes: ['context "x" is gone'] })).toEqual([
      'The kubeconfig has changed: context "x" is gone. kauth goes on with what it started with; start it again to follow',
    ]);
  });

  test.each([
    { method: "none" as const, text: "  user     nobody (--anonymous)" },
    { method: "exec" as const, text: "  user     unknown (the cluster does not tell)" },
  ])("say that nobody is known: $method", async ({ method, text }) => {
    expect(await say({ ...READY, user: undefined, method })).toContain(text);
  });

  test.each([
    { url: LINK.url, forward: "18000:127.0.0.1:18000" },
    { url: "http://127.4.5.6:18000/__kauth/launch#t", forward: "127.4.5.6:18000:127.4.5.6:18000" },
  ])("over SSH say how a browser elsewhere gets here: $forward", async ({ url, forward }) => {
    const link = { ...LINK, url };
    expect((await say(link, { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" })).at(-1)).toBe(
      `In a browser on your own machine, after: ssh -L ${forward} HOST`,
    );
    expect((await say(link)).at(-1)).toBe(`  ${url}`);
  });

  test.each([
    { state: "no-ready-pod" as const, more: "; it is tried again by itself" },
    { state: "sign-in" as const, more: "" },
  ])("say what stands in the way, and whether it goes on by itself: $state", async ({ state, more }) => {
    const event = { event: "state" as const, state, code: "X_Y", right: undefined, next: "Do\u001B this." };
    const [first, next, ...rest] = await say({ ...event, message: "No way\n\u001B" });
    expect(first).toMatch(/^No way[^\u001B]+$/);
    expect(first).toContain(` [X_Y]${more}`);
    expect(next).not.toContain("\u001B");
    expect(rest).toEqual([]);
    expect(await say({ ...event, message: undefined })).toEqual([]);
  });

  test.each([
    { inFlight: 0, text: "Stopping" },
    { inFlight: 2, text: "Stopping: no new requests, waiting for 2 in flight (Ctrl-C again ends at once)" },
  ])("say what is waited for: $inFlight", async ({ inFlight, text }) => {
    expect(await say({ event: "stopping", inFlight })).toEqual([text]);
  });

  test.each([
    {
      name: "a UI that takes it",
      ui: { name: "Headlamp", impersonation: "accepts" as const },
      note: "Headlamp acts as bob too",
    },
    {
      name: "a UI that knows nothing of it",
      ui: { name: "Grafana", impersonation: "ignores" as const },
      note: "Grafana will show alice (impersonation reaches the API server only)",
    },
    {
      name: "a UI that nobody knows",
      ui: { name: undefined, impersonation: "unknown" as const },
      note: "the UI may show alice (impersonation is sure to reach the API server only)",
    },
  ])("say who acts as whom: $name", async ({ ui, note }) => {
    await using under = await recorded();
    const impersonation = { user: "bob", uid: undefined, groups: [], extra: {}, by: "alice", ui };
    const ready: OpenEvent = { ...READY, user: "bob", impersonation };
    reportTo(under.system(), { output: "text", printLink: false }).emit(ready);
    expect(under.err).toContain("  user     bob, impersonated by alice");
    expect(under.err).toContain(`  note     ${note}`);
    reportTo(under.system(), { output: "json", printLink: false }).emit(ready);
    expect(JSON.parse(under.out[0] ?? "")).toMatchObject({
      user: "bob",
      impersonation: { by: "alice", user: "bob", ui: { impersonation: ui.impersonation } },
    });
  });

  const signIn = {
    event: "sign-in" as const,
    state: "failed" as const,
    code: "EXEC_FAILED",
    message: "The plugin failed\nIt said: log in",
    next: undefined,
    retryInSeconds: undefined,
  };
  const incident = {
    event: "incident" as const,
    incident: "0a1b",
    code: "EXEC_FAILED",
    message: signIn.message,
    next: "One thing.\nAnother",
    more: 0,
  };

  test("say on one line what a plugin said on several", async () => {
    expect((await say(signIn))[0]).toBe(
      "Signing in failed: The plugin failed; It said: log in [EXEC_FAILED]",
    );
    expect(await say(incident)).toEqual([
      "Incident 0a1b: The plugin failed; It said: log in [EXEC_FAILED]",
      "One thing. Another",
    ]);
  });

  test.each([
    { event: signIn, terminal: true, text: "Press Enter to sign in again; until then nothing is tried" },
    {
      event: signIn,
      terminal: false,
      text: "Nothing is tried until somebody signs in again on kauth's own page, or starts kauth anew",
    },
    {
      event: { event: "identity" as const, from: "alice", to: "bob" },
      terminal: true,
      text: "Press Enter for a link that opens them as the new person",
    },
    {
      event: { event: "identity" as const, from: "alice", to: "bob" },
      terminal: false,
      text: "Start kauth anew to open them as the new person",
    },
  ])("ask for Enter only where it is read: $event.event, $terminal", async ({ event, terminal, text }) => {
    await using under = await recorded();
    const system = { ...under.system(), stdinIsTerminal: terminal };
    reportTo(system, { output: "text", printLink: false }).emit(event);
    expect(under.err.at(-1)).toBe(text);
  });

  test("as JSON are one object a line, without the link", async () => {
    await using under = await recorded();
    const report = reportTo(under.system(), { output: "json", printLink: false });
    report.emit(READY);
    report.emit(LINK);
    expect(under.out.map((line) => (JSON.parse(line) as OpenEvent).event)).toEqual(["ready"]);
    expect(under.out.join("")).not.toContain("launch#");
    expect(under.err.join("")).toContain("launch#t");
  });

  test("with --print-link the link is one of them, and nowhere else", async () => {
    await using under = await recorded();
    reportTo(under.system(), { output: "json", printLink: true }).emit(LINK);
    expect(JSON.parse(under.out.join(""))).toEqual(LINK);
    expect(under.err).toEqual([]);
  });
});
