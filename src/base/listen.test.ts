import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { bindAny, bindLoopback, bothFamilies, parseListenAddress, type Bound } from "./listen.ts";
import { realSystem } from "./system.ts";

const system = realSystem();
const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const closeAll = (bound: readonly Bound<Server>[]): void => {
  for (const { server } of bound) opened.push(() => new Promise((resolve) => server.close(resolve)));
};

const bind = async (candidates: readonly (readonly { address: string; port: number }[])[]) => {
  const bound = await bindLoopback({ create: () => createServer(), candidates }, system);
  closeAll(bound);
  return bound;
};

const squat = async (host: string, port = 0): Promise<number> => {
  const server = createServer();
  server.listen({ host, port, ipv6Only: true });
  await once(server, "listening");
  opened.push(() => new Promise((resolve) => server.close(resolve)));
  const at = server.address();
  return typeof at === "object" && at !== null ? at.port : 0;
};

describe("--address", () => {
  test.each([
    ["127.0.0.1:18000", "127.0.0.1", 18_000],
    ["127.8.9.10:0", "127.8.9.10", 0],
    ["[::1]:65535", "::1", 65_535],
  ])("%s is taken", (text, address, port) => {
    expect(parseListenAddress(text)).toEqual({ address, port });
  });

  test.each([
    "0.0.0.0:18000",
    "[::]:18000",
    "10.0.0.5:18000",
    "192.168.1.1:80",
    "example.test:18000",
    "localhost:18000",
    ":18000",
    "18000",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:018000",
    "127.0.0.1:-1",
    "127.0.0.1:1e3",
    "127.1:18000",
    "0x7f.0.0.1:18000",
    "0177.0.0.1:18000",
    "127.0.0.256:18000",
    "127.0.0.01:18000",
    "2130706433:18000",
    "[::ffff:127.0.0.1]:18000",
    "[::ffff:7f00:1]:18000",
    "[0:0:0:0:0:0:0:1]:18000",
    "[::2]:18000",
    "::1:18000",
    "[fe80::1]:18000",
    "127.0.0.1:18000 ",
    "127.0.0.1:18000\n",
    "",
  ])("%j is refused with exit 2", (text) => {
    expect(() => parseListenAddress(text)).toThrow(
      expect.objectContaining({ code: "LISTEN_ADDRESS", exit: 2 }),
    );
  });
});

describe("binding", () => {
  test("takes both families at one random port", async () => {
    const bound = await bind([bothFamilies(0)]);
    expect(bound.map(({ address }) => address)).toEqual(["127.0.0.1", "::1"]);
    expect(new Set(bound.map(({ port }) => port)).size).toBe(1);
  });

  test.each(["127.0.0.1", "::1"])("a stranger on %s moves both to the next candidate", async (host) => {
    const taken = await squat(host);
    const free = await squat("127.0.0.1");
    await opened.pop()?.();
    const bound = await bind([bothFamilies(taken), bothFamilies(free)]);
    expect(bound.map(({ port }) => port)).toEqual([free, free]);
    // Nothing of the first candidate stays bound.
    const other = host === "::1" ? "127.0.0.1" : "::1";
    expect(await squat(other, taken)).toBe(taken);
  });

  test("when all are taken the owner is named, exit 1", async () => {
    const taken = await squat("::1");
    const failed = bind([bothFamilies(taken)]);
    await expect(failed).rejects.toMatchObject({ code: "PORT_TAKEN", exit: 1 });
    await expect(failed).rejects.toThrow(
      `Cannot listen on port ${taken}: [::1]:${taken} belongs to a program of yours, node (pid ${process.pid})`,
    );
    const whose = (at: { readonly port: number }): Promise<string> => Promise.resolve(`us at ${at.port}`);
    await expect(
      bindLoopback({ create: () => createServer(), candidates: [bothFamilies(taken)], whose }, system),
    ).rejects.toThrow(`[::1]:${taken} belongs to us at ${taken}`);
  });

  test.runIf(process.getuid?.() === 0 && process.platform === "linux")(
    "another user is named by number",
    async () => {
      const code = `const s=require("node:net").createServer().listen(0,"::1",()=>console.log(s.address().port))`;
      const child: ChildProcess = spawn(
        "setpriv",
        ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "-e", code],
        { cwd: "/", stdio: ["ignore", "pipe", "inherit"] },
      );
      opened.push(() => child.kill("SIGKILL"));
      const [line] = child.stdout === null ? [] : await once(child.stdout, "data");
      const taken = Number(String(line).trim());
      await expect(bind([bothFamilies(taken)])).rejects.toThrow(
        `[::1]:${taken} belongs to user id 65534, node (pid ${child.pid})`,
      );
    },
  );

  test("a port below the allowed ones is not a taken one", async () => {
    const refusing = (): Server => {
      const server = createServer();
      server.listen = () => {
        queueMicrotask(() => server.emit("error", Object.assign(new Error("no"), { code: "EACCES" })));
        return server;
      };
      return server;
    };
    await expect(
      bindLoopback({ create: refusing, candidates: [[{ address: "127.0.0.1", port: 80 }]] }, system),
    ).rejects.toThrow("Cannot listen on 127.0.0.1:80: this user may not use that port");
  });

  test("without ::1 the other family is enough", async () => {
    const missing = (): Server => {
      const server = createServer();
      const listen = server.listen.bind(server);
      server.listen = ((options: { host: string }, done: () => void) => {
        if (options.host !== "::1") return listen(options, done);
        queueMicrotask(() => server.emit("error", Object.assign(new Error("no"), { code: "EADDRNOTAVAIL" })));
        return server;
      }) as Server["listen"];
      return server;
    };
    const bound = await bindLoopback({ create: missing, candidates: [bothFamilies(0)] }, system);
    closeAll(bound);
    expect(bound.map(({ address }) => address)).toEqual(["127.0.0.1"]);
  });
});

describe("an address that an administrator names", () => {
  test.each([
    { address: "127.0.0.1", free: "::1" },
    { address: "0.0.0.0", free: "::1" },
    { address: "::", free: "127.0.0.1" },
  ])("$address is bound, and the port of $free is left free", async ({ address, free }) => {
    const bound = await bindAny(createServer(), { address, port: 0 }, system);
    closeAll([bound]);
    expect(await squat(free, bound.port)).toBe(bound.port);
  });
});
