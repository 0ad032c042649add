import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { Millis } from "../../base/units.ts";
import type { Site } from "../types.ts";
import { requestHeads } from "./request-head.ts";
import { ResponseParser } from "./response-parser.ts";
import { upstreamTls } from "./upstream-tls.ts";
import { UpstreamStream } from "./upstream-stream.ts";

export interface SiteQuestion {
  readonly path: string;
  /** Bytes of the body. */
  readonly most: number;
  /** Until somebody is there who could answer, and from then on for the whole answer. */
  readonly patience: Millis;
  readonly limit: Millis;
  readonly signal: AbortSignal;
}

export interface SiteAnswer {
  readonly status: number;
  /** Undefined: it is larger than asked for. */
  readonly body: string | undefined;
  /** Who answered, as `Dialled.peer`. */
  readonly peer: string;
}

/** Nobody's: streams of it are never used for a session. */
const NOBODY = "kauth";

/**
 * Asks the UI behind a site something of our own. Nothing of a person goes along, neither credential nor cookie.
 * @throws {KnownError} what stands in the way of a stream, UPSTREAM_LATE, UPSTREAM_CUT, UPSTREAM_INVALID
 */
export async function askSite(site: Site, system: System, question: SiteQuestion): Promise<SiteAnswer> {
  const abort = new AbortController();
  const stop = (): void => abort.abort(question.signal.reason);
  question.signal.addEventListener("abort", stop, { once: true });
  if (question.signal.aborted) stop();
  const late = (what: string, limit: Millis): NodeJS.Timeout =>
    setTimeout(
      () =>
        abort.abort(new KnownError("UPSTREAM_LATE", `Cannot get ${what}: none came in ${limit / 1000} s`)),
      limit,
    );
  let timer = late("a connection to the pod", question.patience);
  let stream: UpstreamStream | undefined;
  try {
    abort.signal.throwIfAborted();
    const dialled = await site.upstream.dial({ session: NOBODY, bulk: false, signal: abort.signal });
    const duplex = site.scheme === "https" ? await upstreamTls(site, system)(dialled) : dialled.stream;
    stream = new UpstreamStream(duplex, dialled.peer);
    clearTimeout(timer);
    timer = late(`the UI's ${question.path}`, question.limit);
    abort.signal.throwIfAborted();
    return await answerOf(stream, site, question, abort.signal);
  } catch (error) {
    throw abort.signal.aborted && abort.signal.reason instanceof KnownError ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
    question.signal.removeEventListener("abort", stop);
    stream?.destroy();
  }
}

const answerOf = async (
  stream: UpstreamStream,
  site: Site,
  { path, most }: SiteQuestion,
  signal: AbortSignal,
): Promise<SiteAnswer> =>
  await new Promise((resolve, reject) => {
    const { peer } = stream;
    let status = 0;
    let size = 0;
    const parts: Buffer[] = [];
    const parser = new ResponseParser(
      {
        onHead: (head) => {
          status = head.status;
        },
        onBody: (chunk) => {
          size += chunk.length;
          if (size > most) resolve({ status, body: undefined, peer });
          else parts.push(chunk);
        },
        onComplete: () => resolve({ status, body: Buffer.concat(parts).toString("utf8"), peer }),
      },
      { method: "GET", upgrade: false },
    );
    const guarded = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        reject(error instanceof Error ? error : new Error("the answer cannot be read"));
      }
    };
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    stream.use({
      onData: (chunk) => guarded(() => parser.push(chunk)),
      onEnd: () => guarded(() => parser.end()),
      onFailure: reject,
    });
    const head = requestHeads(site)({
      method: "GET",
      target: path,
      headers: ["Accept", "application/json"],
      body: "none",
      authorization: [],
      ownOrigin: `http://${site.host}`,
      ownAuthority: site.host,
      upgrade: false,
    });
    stream.duplex.write(head, "latin1");
  });
