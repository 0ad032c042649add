import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { follow } from "../test/http.ts";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

const commandLines = async (): Promise<string> => {
  const parts: string[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // Processes end while this looks.
    const line = await readFile(join("/proc", name, "cmdline"), "utf8").catch(() => "");
    if (line.includes("kauth")) parts.push(line.replaceAll("\0", " "));
  }
  return parts.join("\n");
};

const filesBelow = async (directory: string): Promise<string> => {
  const parts: string[] = [];
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    if ((await stat(path)).isFile() && !path.endsWith("api-token"))
      parts.push(path, await readFile(path, "utf8"));
  }
  return parts.join("\n");
};

test("at the highest verbosity no secret is printed, kept in a file or put into a command line", async () => {
  const ui = await open(["svc/ui", "-n", "apps", "-v=9", "--kubeconfig", kit.kubeconfig("exec")]);
  const launch = new URL(ui.link).hash.slice(1);
  const browser = await follow(ui.link);
  const first = await browser.get("/api/me?code=canary-code");
  expect(first.status).toBe(200);
  for (const path of [
    "/cookie",
    "/status/500",
    "/expire?n=1&key=leak",
    "/reset?how=none",
    "/redirect?to=/canary-path",
  ])
    await ui.fetch({ path, headers: { authorization: "Bearer canary-client" } }).catch((): void => undefined);
  const running = await commandLines();
  const files = await filesBelow(ui.home);
  await ui.stop();
  const secrets = [
    ["the cluster token", "kauth-test-token-alice"],
    ["the session cookie", browser.cookie.split("=")[1] ?? "?"],
    ["the API token", ui.token],
    ["what a client sent as its credential", "canary-client"],
    ["a query", "canary-code"],
  ] as const;
  const stdout = ui.stdout();
  for (const [what, secret] of secrets)
    for (const [where, text] of Object.entries({ stderr: ui.stderr(), stdout, running, files }))
      expect(text.includes(secret), `${what} in ${where}`).toBe(false);
  // The link itself was asked for with --print-link: there, and nowhere else.
  for (const [where, text] of Object.entries({ stderr: ui.stderr(), running, files }))
    expect(text.includes(launch), `the launch token in ${where}`).toBe(false);
});
