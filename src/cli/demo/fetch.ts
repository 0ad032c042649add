import { request, type IncomingMessage } from "node:http";
import { object, optional, parseJson, string } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";

/** The page's answer is some hundred bytes. */
const ANSWER_LIMIT = 64 * 1024;

interface Ask {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Only browsers know `*.localhost` names, so the loopback address is dialled and the name sent. */
const send = async (ask: Ask): Promise<{ readonly message: IncomingMessage; readonly text: string }> =>
  await new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: ask.url.port,
        agent: false,
        method: ask.method,
        path: ask.path,
        headers: {
          host: ask.url.host,
          origin: ask.url.origin,
          "sec-fetch-site": "same-origin",
          ...ask.headers,
        },
      },
      (message) => {
        let text = "";
        message.on("data", (part: Buffer) => {
          text += part.toString("utf8");
          if (text.length > ANSWER_LIMIT) message.destroy(new Error("the answer is too large"));
        });
        message.once("error", reject);
        message.once("end", () => resolve({ message, text }));
      },
    );
    sent.once("error", reject);
    sent.end(ask.body);
  });

/**
 * Follows a launch link as the launch page does, asks the app who the caller is, and resolves to the name that it saw.
 * @throws {KnownError} DEMO_FAILED
 */
export async function fetchAsBrowser(link: string, path: string): Promise<string> {
  const url = new URL(link);
  const made = await send({
    url,
    method: "POST",
    path: "/__kauth/session",
    headers: {},
    body: url.hash.slice(1),
  });
  const cookie = made.message.headers["set-cookie"]?.[0]?.split(";")[0];
  if (cookie === undefined)
    throw new KnownError(
      "DEMO_FAILED",
      `Cannot sign in to the demo: the gate answered ${made.message.statusCode}`,
    );
  const { next } = object({ next: optional(string) })(parseJson(made.text), "");
  if (next !== undefined) return await fetchAsBrowser(next, path);
  const page = await send({ url, method: "GET", path, headers: { cookie } });
  if (page.message.statusCode !== 200)
    throw new KnownError(
      "DEMO_FAILED",
      `Cannot fetch the demo's page: the answer was ${page.message.statusCode}`,
    );
  return object({ user: string })(parseJson(page.text), "").user;
}
