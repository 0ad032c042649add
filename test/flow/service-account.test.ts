import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { open } from "../opened.ts";
import { kauth } from "../program.ts";
import { onTerminal } from "../terminal.ts";

const USER = "system:serviceaccount:apps:viewer";

let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
  demo.cluster.people.add({
    username: USER,
    uid: "viewer-uid",
    groups: ["system:serviceaccounts"],
    rights: "none",
  });
});
afterAll(async () => await demo[Symbol.asyncDispose]());

const words = (kubeconfig = demo.kubeconfig): readonly string[] => ["svc/ui", "--kubeconfig", kubeconfig];
const AS = ["--service-account", "apps/viewer"];

describe("a ServiceAccount in the pod", () => {
  test("the UI sees it, the API server sees the person", async () => {
    const before = demo.cluster.audit.length;
    await using ui = await open([...words(), ...AS, "-v=1"]);
    expect(await ui.json("/api/me")).toMatchObject({ user: USER });
    expect(ui.ready).toMatchObject({ user: demo.user, method: "exec", serviceAccount: "apps/viewer" });
    expect(String(ui.ready["credential"])).toMatch(
      /^tokens of ServiceAccount apps\/viewer, which your credential plugin/,
    );
    expect(Date.parse(String(ui.ready["expiresAt"])) - Date.now()).toBeGreaterThan(590_000);
    expect(ui.stderr()).toMatch(/Token of ServiceAccount "apps\/viewer" for 600 s: jti [0-9a-f]{32}/);
    const asked = demo.cluster.audit.slice(before);
    const tokens = asked.filter(({ resource }) => resource === "serviceaccounts/token");
    expect(tokens.map(({ user, status }) => [user, status])).toEqual([[demo.user, 201]]);
    const forwards = asked.filter(({ resource }) => resource === "pods/portforward");
    expect(new Set(forwards.map(({ user }) => user))).toEqual(new Set([demo.user]));
  });

  test("one that is revoked is replaced without a word", async () => {
    await using ui = await open([...words(), ...AS]);
    await ui.json("/api/me");
    await demo.rotate();
    expect(await ui.json("/api/me")).toMatchObject({ user: USER });
  });

  test("a terminal is asked about the account's tokens, and says who acts in the UI", async () => {
    const more = ["--confirm", "--address", "127.0.0.1:0", "--skip-open-browser"];
    await using terminal = await onTerminal(["open", ...words(), ...AS, ...more], { columns: 200 });
    await terminal.shows("Send tokens of ServiceAccount apps/viewer to pod apps/ui-");
    terminal.type("y\r");
    await terminal.shows(`user     ${demo.user}`);
    await terminal.shows("the UI acts as ServiceAccount apps/viewer, not as you");
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(0);
  });

  test.each([
    ["no right to make tokens", "create", AS, "FORBIDDEN", "create serviceaccounts/token"],
    ["no such account", "all", ["--service-account", "apps/nobody"], "NOT_FOUND", '"nobody"'],
  ] as const)("%s", async (_name, rights, as, code, says) => {
    const kubeconfig = await demo.kubeconfigFor(`person-${rights}`, rights);
    const ended = await kauth([
      "open",
      ...words(kubeconfig),
      ...as,
      "--address",
      "127.0.0.1:0",
      "--skip-open-browser",
    ]);
    expect(ended.code, ended.stderr).toBe(1);
    expect(ended.stderr).toContain(code);
    expect(ended.stderr).toContain(says);
  });
});
