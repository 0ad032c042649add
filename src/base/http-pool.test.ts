import { expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { createHttpPool } from "./http-pool.ts";
import { sendHttp } from "./http.ts";
import { millis } from "./units.ts";

test("whom the system trusts is read once, however many servers are asked, and together", async () => {
  const system = quietSystem();
  let reads = 0;
  const counting = {
    ...system,
    files: {
      ...system.files,
      list: async (path: string) => {
        if (path === "/etc/ssl/certs") reads += 1;
        return await system.files.list(path);
      },
    },
  };
  using pool = createHttpPool({ most: 8, idle: millis(1_000) }, counting);
  const ask = async (port: number): Promise<unknown> =>
    await sendHttp(
      { method: "GET", url: new URL(`https://127.0.0.1:${port}/`), headers: [], pool },
      counting,
    ).catch(() => undefined);
  // Nobody listens there, and what it takes to ask them is made before that is known.
  await Promise.all([1, 2, 3].map(ask));
  await ask(4);
  expect(reads).toBe(1);
});
