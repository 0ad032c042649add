import { request, type Agent, type IncomingHttpHeaders } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: each request has a connection of its own. */
  readonly agent?: Agent;
}

/** One request to a `*.localhost` origin: only browsers know such names, so 127.0.0.1 is dialled and the name sent. */
export const ask = async (origin: URL, wanted: Ask = {}): Promise<Answer> =>
  await new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: origin.port,
        agent: wanted.agent ?? false,
        method: wanted.method ?? "GET",
        path: wanted.path ?? "/",
        headers: { host: origin.host, ...wanted.headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", reject);
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    sent.once("error", reject);
    sent.end(wanted.body);
  });

export interface Browser {
  readonly cookie: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body: string): Promise<Answer>;
}

/** Follows a launch link as the launch page does. */
export async function follow(link: string): Promise<Browser> {
  const url = new URL(link);
  const own = { origin: url.origin, "sec-fetch-site": "same-origin" };
  const made = await ask(url, {
    method: "POST",
    path: "/__kauth/session",
    headers: own,
    body: url.hash.slice(1),
  });
  const cookie = made.headers["set-cookie"]?.[0]?.split(";")[0];
  if (cookie === undefined) throw new Error(`no session: ${made.status} ${made.text}`);
  const { next } = JSON.parse(made.text) as { readonly next?: string };
  // The start page's session comes first, then that of the target.
  if (next !== undefined) return await follow(next);
  return {
    cookie,
    get: async (path, headers = {}) => await ask(url, { path, headers: { ...own, cookie, ...headers } }),
    post: async (path, body) => await ask(url, { method: "POST", path, headers: { ...own, cookie }, body }),
  };
}
