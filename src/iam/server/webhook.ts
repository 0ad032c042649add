import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import { auditLine, type AuditLine } from "./audit.ts";
import { authenticate, stsRegion, type AuthenticateParts, type Outcome } from "./authenticate.ts";
import { resultOf, type Metrics } from "./metrics.ts";
import { denyText, grantText, readReview, type TokenReview } from "./review.ts";

export interface WebhookParts extends AuthenticateParts {
  readonly metrics: Metrics;
  readonly system: System;
  /** Refusals are 403 and 429, as the reference's. Default: a refusal is an answer as any other, 200. */
  readonly compatStatus: boolean;
  readonly audit: (line: AuditLine) => void;
  /** What is not ready, one line each; nothing where all is. */
  readonly unready: () => readonly string[];
}

/** A TokenReview with the longest token has 5 KiB (security.md R-L10). */
const BODY_LIMIT = KiB(64);
const PLAIN = { "Content-Type": "text/plain; charset=utf-8" } as const;
/** The reference's. */
const JSON_TYPE = { "Content-Type": "application/json; charset=UTF-8" } as const;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Every path that there is (iam.md §2.6). */
export function createWebhook(parts: WebhookParts): Handler {
  const { metrics } = parts;
  const text = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, PLAIN).end(body);
  };
  return (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path === "/authenticate") {
      answer(request, response, parts).catch((error: unknown) => {
        if (response.destroyed) return;
        parts.system.log.warn(`A question could not be answered: ${messageOf(error)}`);
        if (!response.headersSent) text(response, 500, "kauth met a fault of its own\n");
        else response.destroy();
      });
      return;
    }
    request.resume();
    if (path === "/healthz") text(response, 200, "ok");
    else if (path === "/metrics")
      response
        .writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" })
        .end(metrics.text());
    else if (path === "/readyz") {
      const faults = parts.unready();
      text(
        response,
        faults.length === 0 ? 200 : 503,
        faults.length === 0 ? "ok\n" : `${faults.join("\n")}\n`,
      );
    } else text(response, 404, "not found\n");
  };
}

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  parts: WebhookParts,
): Promise<void> => {
  const { system, metrics } = parts;
  const start = system.monotonic();
  const client = `${request.socket.remoteAddress ?? ""}:${request.socket.remotePort ?? ""}`;
  const malformed = (status: number, reason: string): void => {
    metrics.observe("malformed_request", millis(system.monotonic() - start));
    // What else comes of the body is nobody's.
    response
      .writeHead(status, { ...PLAIN, ...(status === 400 ? {} : { Connection: "close" }) })
      .end(`${reason}\n`);
  };
  if (request.method !== "POST") {
    malformed(405, "expected POST");
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    malformed(413, "expected a request body of 64 KiB at most");
    return;
  }
  const review = readReview(body);
  if (typeof review === "string") {
    malformed(400, review);
    return;
  }
  const outcome = await authenticate(review, parts);
  const took = millis(system.monotonic() - start);
  metrics.observe(resultOf(outcome), took);
  count(outcome, metrics);
  parts.audit(auditLine(outcome, { now: system.now(), client, took }));
  respond(response, review, outcome, parts.compatStatus);
};

const respond = (
  response: ServerResponse,
  { apiVersion }: TokenReview,
  { verdict, scrubbed }: Outcome,
  compatStatus: boolean,
): void => {
  // With its length known, head and body leave as one.
  const send = (status: number, body: string): void => {
    const length = Buffer.byteLength(body);
    response.writeHead(status, { ...JSON_TYPE, "Content-Length": length });
    // Text that is all ASCII is its own bytes, and copied the faster for it.
    response.end(body, length === body.length ? "latin1" : "utf8");
  };
  if (verdict.kind === "granted") {
    send(200, grantText(apiVersion, verdict.user));
    return;
  }
  const { code, message } = verdict.error;
  const body = denyText(apiVersion, scrubbed ? code : `${code}: ${message}`);
  send(statusOf(verdict.kind, code, compatStatus), body);
};

/**
 * An API server keeps a 200 for its cache's time, so 200 is for what will not change. It asks again after 429 and 500
 * (iam.md §2.8). The reference says 403 whatever the reason, but 429 where STS throttles.
 */
const statusOf = (kind: "denied" | "later", code: string, compatStatus: boolean): number => {
  const busy = code === "IAM_STS_THROTTLED" || code === "IAM_STS_LIMIT";
  if (busy) return 429;
  if (compatStatus) return 403;
  return kind === "denied" ? 200 : 500;
};

const count = ({ verdict, facts, source }: Outcome, metrics: Metrics): void => {
  if (source !== undefined) metrics.count("verdicts_total", { source });
  if (verdict.kind === "granted") return;
  const { code } = verdict.error;
  metrics.count("denials_total", { code });
  const labels = facts === undefined ? {} : { StsRegion: stsRegion(facts.host) };
  if (code === "IAM_STS_THROTTLED") metrics.count("sts_throttling_total", labels);
  if (code === "IAM_STS_FAILED") metrics.count("sts_connection_failures_total", labels);
};

/** Undefined: it is too large; the rest of it is not read. @throws where the client goes away */
const readBody = (request: IncomingMessage): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > BODY_LIMIT) {
      resolve(undefined);
      return;
    }
    const parts: Buffer[] = [];
    let total = 0;
    request.on("data", (part: Buffer) => {
      total += part.length;
      if (total <= BODY_LIMIT) parts.push(part);
      else {
        request.pause();
        resolve(undefined);
      }
    });
    const gone = (): void => reject(new Error("the client went away"));
    request.once("end", () => {
      // Making an error costs more than reading the body.
      request.off("close", gone);
      resolve(Buffer.concat(parts));
    });
    request.once("error", reject);
    request.once("close", gone);
  });
