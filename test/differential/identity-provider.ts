import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { IssuedCertificate } from "../../src/base/x509.ts";

/** What an identity provider answers, by path; text is sent as it is. A second answer is for the second request. */
export type ProviderScript = Readonly<Record<string, readonly ProviderAnswer[]>>;

export interface ProviderAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: unknown;
}

export interface ScriptedProvider extends AsyncDisposable {
  readonly url: string;
  play(script: ProviderScript): void;
  /** Requests since the last call: method, path, who asks and the form, in order. */
  take(): readonly string[];
}

/** An OpenID provider whose every answer a test writes. Unknown paths are 404. */
export async function scriptedProvider(certificate: IssuedCertificate): Promise<ScriptedProvider> {
  let script: ProviderScript = {};
  let seen: string[] = [];
  const counts = new Map<string, number>();
  const server = createServer(certificate, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("end", () => {
      const path = request.url ?? "";
      const form = [...new URLSearchParams(Buffer.concat(parts).toString())].map((pair) => pair.join("="));
      const who = request.headers.authorization ?? "nobody";
      seen.push([request.method, path, who, ...form.toSorted()].join(" "));
      const count = counts.get(path) ?? 0;
      counts.set(path, count + 1);
      const answers = script[path] ?? [{ status: 404, body: "nothing here" }];
      const {
        status = 200,
        type = "application/json",
        body,
      } = answers[count] ?? answers.at(-1) ?? { body: "" };
      response.writeHead(status, { "Content-Type": type, Connection: "close" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    play: (next) => {
      script = next;
      counts.clear();
    },
    take: () => {
      const taken = seen;
      seen = [];
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
