import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realSystem } from "../src/base/system.ts";
import { startDemo, type Demo, type DemoOptions } from "../src/demo/index.ts";

/** The demo in this process, with a home of its own. */
export async function testDemo(options: Omit<DemoOptions, "system"> = {}): Promise<Demo> {
  const home = await mkdtemp(join(tmpdir(), "kauth-demo-"));
  const real = realSystem();
  const demo = await startDemo({
    ...options,
    system: { ...real, home, env: { ...real.env, KAUTH_HOME: home } },
  });
  return {
    ...demo,
    [Symbol.asyncDispose]: async () => {
      await demo[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}
