import { writeFile } from "node:fs/promises";
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createAuthority, type Authority } from "../../src/base/x509.ts";
import { epochMillis } from "../../src/base/units.ts";
import { honest, type Answered, type Bend, type Bending, type Heard } from "./bend.ts";
import { startCertified, type CertifiedWishes } from "./certified.ts";

/** The certified provider behind a door that counts, and that bends what a test wants bent. */
export interface BentProvider extends AsyncDisposable {
  readonly issuer: string;
  /** PEM of the authority; only over https. */
  readonly caFile: string | undefined;
  readonly heard: readonly Heard[];
  /** Everything that nobody may print: codes, tokens, verifiers, secrets, passwords. */
  readonly secrets: ReadonlySet<string>;
  /** Requests to a path; of the token endpoint optionally of one grant. */
  count(path: string, grant?: string): number;
  bend: Bend;
  readonly sign: Bending["sign"];
  /** As an earlier sign-in would have given it. */
  refreshToken(sub: string): Promise<string>;
  /** Life of tokens issued from now on, in seconds. */
  life: number;
}

export interface BentWishes extends Pick<CertifiedWishes, "directory" | "jwtAccess" | "par" | "extra"> {
  readonly https?: boolean;
  readonly bend?: Bend;
  readonly life?: number;
  /** Its name in the issuer. Default: 127.0.0.1, where it listens in any case. */
  readonly host?: string;
}

const SECRET_FIELDS = ["access_token", "id_token", "refresh_token", "device_code"];
const SECRET_FORMS = [
  "code",
  "code_verifier",
  "refresh_token",
  "client_secret",
  "client_assertion",
  "password",
  "device_code",
  "subject_token",
];

export const authority = (): Authority => {
  const now = Date.now();
  return createAuthority({
    commonName: "test provider authority",
    notBefore: epochMillis(now - 60_000),
    notAfter: epochMillis(now + 86_400_000),
  });
};

export const certificateOf = (
  from: Authority,
  name = "127.0.0.1",
): { readonly cert: string; readonly key: string } => {
  const now = Date.now();
  return from.issue({
    commonName: "127.0.0.1",
    names: [...new Set(["127.0.0.1", "localhost", name])],
    use: "server",
    notBefore: epochMillis(now - 60_000),
    notAfter: epochMillis(now + 86_400_000),
  });
};

export async function startBent(wishes: BentWishes): Promise<BentProvider> {
  const { https = false, directory, host = "127.0.0.1" } = wishes;
  const heard: Heard[] = [];
  const secrets = new Set<string>();
  const counts = new Map<string, number>();
  const made = https ? authority() : undefined;
  const caFile = made === undefined ? undefined : join(directory, "provider-ca.pem");
  if (made !== undefined && caFile !== undefined) await writeFile(caFile, made.cert);
  let listener: RequestListener = () => undefined;
  const dispatch: RequestListener = (request, response) => listener(request, response);
  const server =
    made === undefined ? createServer(dispatch) : createSecureServer(certificateOf(made, host), dispatch);
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `${https ? "https" : "http"}://${host}:${(server.address() as AddressInfo).port}`;
  const state = { bend: wishes.bend ?? honest, life: wishes.life ?? 3600 };
  const certified = await startCertified({ ...wishes, issuer, life: () => state.life });

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? "/", issuer);
    const form = new URLSearchParams(body.toString());
    const turn = counts.get(url.pathname) ?? 0;
    counts.set(url.pathname, turn + 1);
    const one: Heard = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers as Heard["headers"],
      form,
      turn,
      time: performance.now(),
    };
    heard.push(one);
    for (const name of SECRET_FORMS) remember(secrets, form.get(name));
    const bending: Bending = {
      issuer,
      sign: certified.sign,
      pass: async () => {
        const answered = await forward(certified.socket, { request, body, https });
        keepSecrets(secrets, answered.body);
        return answered;
      },
    };
    const reply = await state.bend(one, bending);
    if (reply === "silence") return;
    if (reply === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, reply.headers as Record<string, string | string[]>);
    if (typeof reply.body === "string") {
      keepSecrets(secrets, reply.body);
      response.end(reply.body);
    } else await pipeline(Readable.from(reply.body), response).catch(() => undefined);
  };
  listener = (request, response) => {
    receive(request, response).catch(() => response.destroy());
  };

  return {
    issuer,
    caFile,
    heard,
    secrets,
    count: (path, grant) =>
      heard.filter(
        (one) => one.path === path && (grant === undefined || one.form.get("grant_type") === grant),
      ).length,
    sign: certified.sign,
    refreshToken: async (sub) => {
      const token = await certified.refreshToken(sub);
      secrets.add(token);
      return token;
    },
    get bend() {
      return state.bend;
    },
    set bend(bend) {
      state.bend = bend;
    },
    get life() {
      return state.life;
    },
    set life(life) {
      state.life = life;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await certified[Symbol.asyncDispose]();
    },
  };
}

/** Shorter texts could stand anywhere by chance. */
const remember = (secrets: Set<string>, value: unknown): void => {
  if (typeof value === "string" && value.length >= 12) secrets.add(value);
};

const keepSecrets = (secrets: Set<string>, body: string): void => {
  try {
    const fields = JSON.parse(body) as Record<string, unknown> | null;
    for (const name of SECRET_FIELDS) remember(secrets, fields?.[name]);
  } catch {
    // No JSON, no tokens.
  }
};

const forward = async (
  socketPath: string,
  {
    request,
    body,
    https,
  }: { readonly request: IncomingMessage; readonly body: Buffer; readonly https: boolean },
): Promise<Answered & { readonly body: string }> =>
  await new Promise((resolve, reject) => {
    const headers = {
      ...request.headers,
      "x-forwarded-proto": https ? "https" : "http",
      connection: "close",
    };
    const onward = ask({ socketPath, method: request.method, path: request.url, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.once("error", reject);
      answer.once("end", () => {
        const {
          "content-length": _length,
          "transfer-encoding": _coding,
          connection: _connection,
          ...rest
        } = answer.headers;
        resolve({
          status: answer.statusCode ?? 500,
          headers: rest as Answered["headers"],
          body: Buffer.concat(parts).toString(),
        });
      });
    });
    onward.once("error", reject);
    onward.end(body);
  });
