import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { ask, follow } from "../http.ts";
import { startOpen } from "../program.ts";

let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
});

describe("the launch", () => {
  test("the browser's command line and environment hold no secret, and its file is private and goes", async () => {
    const home = await mkdtemp(join(tmpdir(), "kauth-test-"));
    const script = join(home, "browser");
    const seen = join(home, "seen");
    const program = `#!/bin/sh\n{ echo "$@"; env; } > "${seen}.new"\ncp "$1" "${home}/page.html"\nstat -c %a "$1" > "${home}/mode"\nmv "${seen}.new" "${seen}"\n`;
    await writeFile(script, program, { mode: 0o755 });
    await using open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--browser"], {
      home,
      env: { BROWSER: script },
    });
    expect(await open.event("browser")).toMatchObject({ opened: true });
    const page = await readFile(join(home, "page.html"), "utf8");
    const link = /http:\/\/[^"'\s<>]+\/__kauth\/launch#[\w-]{43}/.exec(page)?.[0] ?? "";
    expect(link).not.toBe("");
    const token = new URL(link).hash.slice(1);
    expect(await readFile(seen, "utf8")).not.toContain(token);
    expect((await readFile(join(home, "mode"), "utf8")).trim()).toBe("600");
    expect((await stat(join(home, "run"))).mode & 0o777).toBe(0o700);
    expect((await (await follow(link)).get("/api/me")).status).toBe(200);
    await open.event("session");
    expect((await readdir(join(home, "run"))).filter((name) => name.endsWith(".html"))).toEqual([]);
    expect(open.stderr()).not.toContain(token);
    await open.stop();
    await rm(home, { recursive: true });
  });

  test("a browser that does not come back gets a link printed, and the first one is void", async () => {
    const home = await mkdtemp(join(tmpdir(), "kauth-test-"));
    const script = join(home, "browser");
    await writeFile(script, `#!/bin/sh\ncp "$1" "${home}/page.html"\n`, { mode: 0o755 });
    await using open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--browser"], {
      home,
      env: { BROWSER: script },
    });
    const printed = String((await open.event("link"))["url"]);
    const page = await readFile(join(home, "page.html"), "utf8");
    const first = /http:\/\/[^"'\s<>]+\/__kauth\/launch#[\w-]{43}/.exec(page)?.[0] ?? "";
    await expect(follow(first)).rejects.toThrow("no session: 403");
    // The void link was no second use: the printed one still works.
    expect((await (await follow(printed)).get("/api/me")).status).toBe(200);
    await open.stop();
    await rm(home, { recursive: true });
  });

  test("a browser's file that was not used goes with the process", async () => {
    const home = await mkdtemp(join(tmpdir(), "kauth-test-"));
    const open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--browser"], {
      home,
      env: { BROWSER: "true" },
    });
    await open.event("browser");
    const files = async (): Promise<readonly string[]> =>
      (await readdir(join(home, "run"))).filter((name) => name.endsWith(".html"));
    expect(await files()).toHaveLength(1);
    expect(await open.stop("SIGINT")).toBe(0);
    expect(await files()).toEqual([]);
    await rm(home, { recursive: true });
  });

  test("a link that is used twice ends the session that it made", async () => {
    await using open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const browser = await follow(open.link);
    expect((await browser.get("/api/me")).status).toBe(200);
    await expect(follow(open.link)).rejects.toThrow("no session: 403");
    expect((await browser.get("/api/me")).status).toBe(401);
    await open.event("session");
    expect(await open.event("session")).toMatchObject({ state: "ended" });
  });

  test("the token for programs is in a new private file, and goes with the process", async () => {
    const home = await mkdtemp(join(tmpdir(), "kauth-test-"));
    const path = join(home, "api-token");
    const open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--api-token-file", path], {
      home,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const token = (await readFile(path, "utf8")).trim();
    const answer = await ask(open.origin, { path: "/api/me", headers: { "x-kauth-token": token } });
    expect(answer.status).toBe(200);
    expect((await ask(open.origin, { path: `/api/me?x-kauth-token=${token}` })).status).toBe(401);
    await expect(
      startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--api-token-file", path], { home }),
    ).rejects.toThrow("API_TOKEN_FILE");
    expect(await open.stop("SIGINT")).toBe(0);
    await expect(stat(path)).rejects.toThrow("ENOENT");
    await rm(home, { recursive: true });
  });
});

describe("the end", () => {
  test("what is in flight is answered first, then the exit status is 0", async () => {
    const open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const browser = await follow(open.link);
    const slow = browser.get("/slow?ms=1000");
    await expect.poll(() => demo.app.requests.some((request) => request.url === "/slow?ms=1000")).toBe(true);
    const ended = open.stop();
    expect((await slow).status).toBe(200);
    expect(await ended).toBe(0);
  });

  test("a second signal ends at once", async () => {
    const open = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const browser = await follow(open.link);
    const slow = browser.get("/slow?ms=20000").catch((error: Error) => error);
    await expect.poll(() => demo.app.requests.some((request) => request.url === "/slow?ms=20000")).toBe(true);
    open.child.kill("SIGTERM");
    await open.event("stopping");
    await open.stop();
    expect(await slow).toBeInstanceOf(Error);
  });

  test("a session does not outlive the process", async () => {
    const first = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
    const browser = await follow(first.link);
    const port = first.origin.port;
    await first.stop();
    await using second = await startOpen([
      "svc/ui",
      "--kubeconfig",
      demo.kubeconfig,
      "--address",
      `127.0.0.1:${port}`,
    ]);
    expect(second.origin.port).toBe(port);
    expect(
      (
        await ask(second.origin, {
          path: "/",
          headers: { cookie: browser.cookie, "sec-fetch-site": "same-origin" },
        })
      ).status,
    ).toBe(401);
  });
});
