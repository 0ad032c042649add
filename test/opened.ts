import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ask, type Answer, type Ask } from "./http.ts";
import { newHome, startOpen, type OpenOptions, type RunningOpen } from "./program.ts";

export interface RequestOptions extends Ask {
  /** Leave the API token out. */
  readonly anonymous?: boolean;
}

/** A `kauth open` that a program uses by its token. */
export interface Opened extends RunningOpen {
  readonly port: number;
  /** What programs send as `X-Kauth-Token`. */
  readonly token: string;
  fetch(options?: RequestOptions): Promise<Answer>;
  json(path: string): Promise<Record<string, unknown>>;
}

/** Starts `kauth open …` and waits until it is ready. Rejects with what it printed if it ends before. */
export async function open(args: readonly string[], options: OpenOptions = {}): Promise<Opened> {
  const own = options.home === undefined ? await newHome() : undefined;
  const home = own?.path ?? options.home ?? "";
  const tokenFile = join(home, "api-token");
  const ui = await startOpen([...args, "--api-token-file", tokenFile], { ...options, home });
  const token = (await readFile(tokenFile, "utf8")).trim();
  const fetch = async (asked: RequestOptions = {}): Promise<Answer> =>
    await ask(ui.origin, {
      ...asked,
      headers: { ...(asked.anonymous === true ? {} : { "x-kauth-token": token }), ...asked.headers },
    });
  return {
    ...ui,
    port: Number(ui.origin.port),
    token,
    fetch,
    json: async (path) => JSON.parse((await fetch({ path })).text) as Record<string, unknown>,
    [Symbol.asyncDispose]: async () => {
      await ui.stop();
      await own?.[Symbol.asyncDispose]();
    },
  };
}
