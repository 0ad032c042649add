import { once } from "node:events";
import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect, createServer as createSocketServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { honest } from "./bend.ts";
import { LOGIN } from "./certified.ts";
import { credentialOf, execInfo, inScene, keepsSecrets, visit, type Scene } from "./scene.ts";
import { OURS } from "./target.ts";

/** What upstream never tests (oidc.md §2.2): the process, its ports, its files and its neighbours. */

const taken = async (): Promise<AsyncDisposable & { readonly port: number }> => {
  const server = createSocketServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => await new Promise((resolve) => server.close(() => resolve())),
  };
};

/** Resolves when a browser has been opened that many times. */
const untilOpened = async (made: Scene, times: number): Promise<void> => {
  while ((await made.opened()) < times) await new Promise((resolve) => setTimeout(resolve, 20));
};

const filesIn = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe.concurrent("ports", () => {
  test("one that is taken: the next is used", async () => {
    await using other = await taken();
    await inScene({}, async (made) => {
      const ended = await made.getToken(`--listen-address=127.0.0.1:${other.port},127.0.0.1:0`);
      credentialOf(ended, made.provider);
    });
  });

  test("all taken: exit 1, and no browser is opened", async () => {
    await using other = await taken();
    await inScene({}, async (made) => {
      const ended = await made.getToken(`--listen-address=127.0.0.1:${other.port}`);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(String(other.port));
      expect(await made.opened()).toBe(0);
    });
  });
});

describe.concurrent("waiting", () => {
  test("--authentication-timeout-sec ends it", async () => {
    await inScene({ browser: { mode: "nothing" } }, async (made) => {
      const ended = await made.getToken("--authentication-timeout-sec=1");
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      if (OURS) expect(ended.stderr).toContain("OIDC_LOGIN_TIMEOUT");
      expect(made.provider.count("/token")).toBe(0);
    });
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s ends it, with nothing on stdout", async (signal) => {
    await inScene({ browser: { mode: "nothing" } }, async (made) => {
      using running = made.start(made.args());
      await untilOpened(made, 1);
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.stdout).toBe("");
      expect(ended.code).not.toBe(0);
      expect(ended.signal).not.toBe("SIGKILL");
      keepsSecrets(ended, made.provider);
    });
  });

  test("a browser that does not end is waited past", async () => {
    await inScene({ browser: { mode: "hang" } }, async (made) => {
      using running = made.start(made.args("--authentication-timeout-sec=2"));
      expect(await running.ended).toMatchObject({ code: 1, stdout: "" });
    });
  });

  test("a browser that cannot be started: its address is printed, and the sign-in goes on", async () => {
    await inScene({}, async (made) => {
      using running = made.start(made.args(`--browser-command=${join(made.home, "no such browser")}`));
      await running.says(/Please visit the following URL in your browser(?: manually)?: \S+\n/);
      const url = /in your browser(?: manually)?: (\S+)/.exec(running.stderr())?.[1] ?? "";
      await visit(made, url);
      credentialOf(await running.ended, made.provider);
    });
  });

  test("--skip-open-browser prints the address that a person opens", async () => {
    await inScene({}, async (made) => {
      using running = made.start(made.args("--skip-open-browser"));
      await running.says(/Please visit the following URL in your browser: \S+\n/);
      const url = /in your browser: (\S+)/.exec(running.stderr())?.[1] ?? "";
      await visit(made, url);
      credentialOf(await running.ended, made.provider);
      expect(await made.opened()).toBe(0);
    });
  });
});

describe.concurrent("processes at once", () => {
  test("eight with nothing cached: one sign-in, eight times its token", async () => {
    await inScene({}, async (made) => {
      const all = await Promise.all(Array.from({ length: 8 }, async () => await made.getToken()));
      const tokens = all.map((ended) => credentialOf(ended, made.provider).token);
      expect(new Set(tokens).size).toBe(1);
      expect(await made.opened()).toBe(1);
      expect(made.provider.count("/auth")).toBe(1);
      expect(made.provider.count("/token")).toBe(1);
    });
  });

  test.runIf(OURS)("the same with two parameters and two headers, in any order", async () => {
    await inScene({}, async (made) => {
      const parameters = ["ttl=1", "reauth=x"].map((pair) => `--oidc-auth-request-extra-params=${pair}`);
      const headers = ["X-One=1", "X-Two=2"].map((pair) => `--oidc-request-header=${pair}`);
      const words = [...parameters, ...headers];
      const all = await Promise.all(
        Array.from(
          { length: 6 },
          async (_none, turn) => await made.getToken(...(turn % 2 === 0 ? words : words.toReversed())),
        ),
      );
      expect(new Set(all.map((ended) => credentialOf(ended, made.provider).token)).size).toBe(1);
      expect(made.provider.count("/auth")).toBe(1);
    });
  });

  test("one that is killed while it waits for a person leaves nobody waiting", async () => {
    await inScene({ browser: { mode: "nothing" } }, async (made) => {
      using first = made.start(made.args());
      await untilOpened(made, 1);
      await made.setBrowser({});
      using second = made.start(made.args());
      first.child.kill("SIGKILL");
      await first.ended;
      credentialOf(await second.ended, made.provider);
      expect(await made.opened()).toBe(2);
    });
  });
});

describe.concurrent("cache", () => {
  test("what it writes is the owner's alone", async () => {
    await inScene({}, async (made) => {
      const directory = join(made.home, "new", "cache");
      credentialOf(await made.getToken(`--token-cache-dir=${directory}`), made.provider);
      expect((await stat(directory)).mode & 0o777).toBe(0o700);
      let kept = 0;
      for (const file of await filesIn(directory)) {
        const text = await readFile(file, "utf8");
        if (![...made.provider.secrets].some((secret) => text.includes(secret))) continue;
        kept += 1;
        expect((await stat(file)).mode & 0o777, file).toBe(0o600);
      }
      expect(kept).toBe(1);
    });
  });

  test.each([
    { name: "no JSON", text: "{" },
    { name: "empty", text: "" },
    { name: "of another kind", text: "[1]" },
    { name: "binary", text: "\u0000\uFFFD\u0000" },
  ])("an entry that is $name is as none", async ({ text }) => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      for (const file of await filesIn(made.cache)) await writeFile(file, text);
      credentialOf(await made.getToken(), made.provider);
      expect(await made.opened()).toBe(2);
    });
  });

  test("an entry that was cut off is as none", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      for (const file of await filesIn(made.cache))
        await truncate(file, Math.floor((await stat(file)).size / 2));
      credentialOf(await made.getToken(), made.provider);
      expect(await made.opened()).toBe(2);
    });
  });

  test("--token-cache-storage=none keeps nothing", async () => {
    await inScene({}, async (made) => {
      for (const times of [1, 2]) {
        credentialOf(await made.getToken("--token-cache-storage=none"), made.provider);
        expect(await made.opened()).toBe(times);
      }
      expect(await filesIn(made.cache)).toEqual([]);
    });
  });

  test("--force-refresh refreshes a token that is still valid", async () => {
    await inScene({}, async (made) => {
      const first = credentialOf(await made.getToken(), made.provider);
      // Two tokens of one second would be the same.
      made.provider.life = 1800;
      const second = credentialOf(await made.getToken("--force-refresh"), made.provider);
      expect(second.token).not.toBe(first.token);
      expect(made.provider.count("/token", "refresh_token")).toBe(1);
      expect(await made.opened()).toBe(1);
    });
  });

  test.runIf(OURS)("R-K7: a directory that cannot be written: the token is given all the same", async () => {
    await inScene({}, async (made) => {
      const file = join(made.home, "a file");
      await writeFile(file, "");
      for (const directory of [join(file, "cache"), "/proc/kauth-none"]) {
        const ended = await made.getToken(`--token-cache-dir=${directory}`);
        credentialOf(ended, made.provider);
        expect(ended.stderr).not.toBe("");
      }
    });
  });

  test.runIf(OURS)("R-K1: a directory with wide modes holds no token that others can read", async () => {
    await inScene({}, async (made) => {
      const directory = join(made.home, "wide");
      await mkdir(directory, { mode: 0o755 });
      const first = credentialOf(await made.getToken(`--token-cache-dir=${directory}`), made.provider);
      expect(credentialOf(await made.getToken(`--token-cache-dir=${directory}`), made.provider).token).toBe(
        first.token,
      );
      for (const file of await filesIn(directory)) expect((await stat(file)).mode & 0o077, file).toBe(0);
    });
  });

  test.runIf(OURS)("R-K8: clean leaves what is not its own", async () => {
    await inScene({}, async (made) => {
      const directory = join(made.home, "mixed");
      await mkdir(directory, { mode: 0o700 });
      await writeFile(join(directory, "letter.txt"), "dear");
      credentialOf(await made.getToken(`--token-cache-dir=${directory}`), made.provider);
      expect(await made.run(["clean", `--token-cache-dir=${directory}`])).toMatchObject({ code: 0 });
      expect(await readFile(join(directory, "letter.txt"), "utf8")).toBe("dear");
      for (const file of await filesIn(directory)) {
        const text = await readFile(file, "utf8");
        for (const secret of made.provider.secrets) expect(text).not.toContain(secret);
      }
      credentialOf(await made.getToken(`--token-cache-dir=${directory}`), made.provider);
      expect(await made.opened()).toBe(2);
    });
  });
});

describe.concurrent("KUBERNETES_EXEC_INFO", () => {
  test.each([
    { name: "v1", info: execInfo(), apiVersion: "client.authentication.k8s.io/v1" },
    {
      name: "v1beta1",
      info: execInfo("client.authentication.k8s.io/v1beta1"),
      apiVersion: "client.authentication.k8s.io/v1beta1",
    },
    { name: "absent", info: undefined, apiVersion: "client.authentication.k8s.io/v1beta1" },
    { name: "empty", info: "", apiVersion: "client.authentication.k8s.io/v1beta1" },
    {
      name: "not interactive: a browser needs no terminal",
      info: execInfo("client.authentication.k8s.io/v1", false),
      apiVersion: "client.authentication.k8s.io/v1",
    },
  ])("$name", async ({ info, apiVersion }) => {
    await inScene({ execInfo: info }, async (made) => {
      credentialOf(await made.getToken(), made.provider, apiVersion);
    });
  });

  test.each([
    { name: "an unknown version", info: execInfo("client.authentication.k8s.io/v9"), says: "v9" },
    { name: "no JSON", info: "{", says: "invalid KUBERNETES_EXEC_INFO" },
  ])("$name: exit 1", async ({ info, says }) => {
    await inScene({ execInfo: info }, async (made) => {
      const ended = await made.getToken();
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(says);
      if (OURS) expect(made.provider.heard, "before anything else").toEqual([]);
    });
  });
});

/** A proxy that leads every name to 127.0.0.1. */
const tunnel = async (): Promise<
  AsyncDisposable & { readonly url: string; readonly asked: readonly string[] }
> => {
  const asked: string[] = [];
  const server: Server = createServer((_request, response) => response.writeHead(405).end());
  const open = new Set<Duplex>();
  server.on("connect", (request, socket, head) => {
    asked.push(request.url ?? "");
    open.add(socket);
    const onward = connect(Number((request.url ?? "").split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

describe.concurrent("proxies", () => {
  const ARGS = [`--username=${LOGIN.username}`, `--password=${LOGIN.password}`];

  test.each(["HTTPS_PROXY", "https_proxy"])("%s is used for a provider elsewhere", async (name) => {
    await using proxy = await tunnel();
    await inScene({ https: true, host: "issuer.example" }, async (made) => {
      credentialOf(await made.run(made.args(...ARGS), { env: { [name]: proxy.url } }), made.provider);
      expect(new Set(proxy.asked)).toEqual(new Set([new URL(made.provider.issuer).host]));
    });
  });

  test("NO_PROXY names what is reached without", async () => {
    await using proxy = await tunnel();
    await inScene({ https: true, host: "issuer.example" }, async (made) => {
      const env = { HTTPS_PROXY: proxy.url, NO_PROXY: ".example" };
      expect(await made.run(made.args(...ARGS), { env })).toMatchObject({ code: 1, stdout: "" });
      expect(proxy.asked).toEqual([]);
    });
  });

  test("a provider on this machine is reached without", async () => {
    await using proxy = await tunnel();
    await inScene({ https: true, bend: honest }, async (made) => {
      const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
      credentialOf(await made.run(made.args(...ARGS), { env }), made.provider);
      expect(proxy.asked).toEqual([]);
    });
  });
});
