import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ask, type Answer, type Ask } from "../test/http.ts";
import { newHome, startOpen, type RunningOpen } from "../test/program.ts";

export interface RequestOptions extends Ask {
  /** Leave the API token out. */
  readonly anonymous?: boolean;
}

/** A `kauth open` that a program uses by its token. */
export interface Opened extends RunningOpen {
  readonly port: number;
  readonly token: string;
  fetch(options?: RequestOptions): Promise<Answer>;
  json(path: string): Promise<Record<string, unknown>>;
}

/** Starts `kauth open …` and waits until it is ready. Rejects with what it printed if it ends before. */
export async function open(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Opened> {
  const home = await newHome();
  const tokenFile = join(home.path, "api-token");
  const ui = await startOpen([...args, "--api-token-file", tokenFile], { env, home: home.path });
  const token = (await readFile(tokenFile, "utf8")).trim();
  const fetch = async (options: RequestOptions = {}): Promise<Answer> =>
    await ask(ui.origin, {
      ...options,
      headers: { ...(options.anonymous === true ? {} : { "x-kauth-token": token }), ...options.headers },
    });
  return {
    ...ui,
    port: Number(ui.origin.port),
    token,
    fetch,
    json: async (path) => JSON.parse((await fetch({ path })).text) as Record<string, unknown>,
    [Symbol.asyncDispose]: async () => {
      await ui.stop();
      await home[Symbol.asyncDispose]();
    },
  };
}
