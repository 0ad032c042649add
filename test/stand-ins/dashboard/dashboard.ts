import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { bodyOf, sendJson, sendText } from "../answers.ts";
import type { Answers } from "../pods.ts";
import { bearerOf, linesOf, seenOf, type Accounts, type Seen } from "../seen.ts";
import { refuseUpgrade } from "../socket.ts";
import { dashboardFiles } from "./files.ts";
import { openShell, shellPlaces } from "./shell.ts";

export interface DashboardOptions {
  readonly accounts: Accounts;
  /** All times of the page are multiplied by it, so that their ratios stay. */
  readonly scale: number;
  /** Default: 7. */
  readonly version?: 2 | 7;
}

/** Stands for Kubernetes Dashboard 7 or 2.7 in a pod, by the recipe in ui-traffic/README.md. */
export interface Dashboard extends Answers {
  /** Names of the pods that its list shows. */
  readonly pods: Set<string>;
  readonly seen: Seen[];
  /** PUTs and POSTs that were carried out. */
  readonly changes: string[];
}

const CSRF = /^\/api\/v1\/csrftoken\/([a-z]+)$/;
const SHELL = /^\/api\/v1\/pod\/[^/]+\/[^/]+\/shell\/[^/]+$/;
const LIST = /^\/api\/v1\/([a-z]+)(?:\/([^/]+))?$/;
const RAW = /^\/api\/v1\/_raw\/[a-z]+\/namespace\/[^/]+\/name\/[^/]+$/;

const STATIC: Readonly<Record<string, unknown>> = {
  "/config": { serverTime: 0, userAgent: "dashboard-web:0.0.0-dev", version: "0.0.0-dev" },
  "/settings": { itemsPerPage: 10, resourceAutoRefreshTimeInterval: 10, defaultNamespace: "default" },
  "/settings/pinnedresources": [],
  "/systembanner": { message: "", severity: "INFO" },
};

export function dashboard(options: DashboardOptions): Dashboard {
  const { accounts, version = 7 } = options;
  const files = dashboardFiles(options.scale, version);
  const key = randomBytes(32);
  const shells = shellPlaces();
  const csrfToken = (action: string): string => createHmac("sha256", key).update(action).digest("hex");

  const note = (request: IncomingMessage, pod: string, upgrade: boolean): Seen => {
    const scheme = "encrypted" in request.socket ? "https" : "http";
    const entry = seenOf(request, { pod, upgrade, scheme, token: bearerOf(request), accounts });
    self.seen.push(entry);
    return entry;
  };

  const list = (kind: string, user: string | undefined): unknown => {
    if (user === undefined)
      // Version 2 alone: the API server's refusal inside an answer that is none (U20).
      return {
        listMeta: { totalItems: 0 },
        [`${kind}s`]: [],
        errors: [{ ErrStatus: { status: "Failure", reason: "Unauthorized", code: 401 } }],
      };
    const items = kind === "pod" ? [...self.pods].map((name) => ({ objectMeta: { name } })) : [];
    return { listMeta: { totalItems: items.length }, [`${kind}s`]: items, errors: [] };
  };

  const api = async (request: IncomingMessage, response: ServerResponse, entry: Seen): Promise<void> => {
    const path = new URL(request.url ?? "/", "http://app").pathname;
    const { user } = entry;
    const body = await bodyOf(request).catch(() => "");
    if (path === "/api/sockjs/info")
      return sendJson(
        response,
        200,
        { websocket: true, cookie_needed: false, origins: ["*:*"], entropy: 1 },
        { "Access-Control-Allow-Origin": "*" },
      );
    const csrf = CSRF.exec(path)?.[1];
    if (request.method === "GET" && csrf !== undefined)
      return sendJson(response, 200, { token: csrfToken(csrf) });
    if (request.method === "POST") {
      const action = /^\/api\/v1\/([a-z]+)$/.exec(path)?.[1] ?? "";
      // Before anything else is looked at: it says nothing about who asks (U21).
      if (request.headers["x-csrf-token"] !== csrfToken(action))
        return version === 2
          ? sendText(response, 401, "MSG_CSRF_VALIDATION_ERROR")
          : sendJson(response, 401, { ErrStatus: { message: "MSG_CSRF_VALIDATION_ERROR", code: 401 } });
    }
    if (version === 2 && path === "/api/v1/login/status")
      return sendJson(response, 200, {
        tokenPresent: false,
        headerPresent: /^bearer /i.test(linesOf(request, "authorization")[0] ?? ""),
        httpsMode: true,
      });
    if (user === undefined && (version === 7 || bearerOf(request) === undefined))
      return refuse(path, response);
    if (path === "/api/v1/me") return sendJson(response, 200, { name: user ?? "", authenticated: true });
    if (SHELL.test(path)) return sendJson(response, 200, { id: shells.make(user ?? "") });
    if (user !== undefined && request.method === "POST") {
      self.changes.push(`POST ${path} ${body}`);
      return sendJson(response, 201, {});
    }
    if (user !== undefined && request.method === "PUT" && RAW.test(path)) {
      self.changes.push(`PUT ${path} ${body}`);
      response.writeHead(204);
      response.end();
      return undefined;
    }
    const kind = LIST.exec(path)?.[1];
    if (request.method !== "GET" || kind === undefined)
      return sendText(response, 405, "405: Method Not Allowed");
    return sendJson(response, 200, list(kind, user));
  };

  const self: Dashboard = {
    pods: new Set(),
    seen: [],
    changes: [],
    request: (request, response, pod) => {
      const entry = note(request, pod, false);
      response.once("finish", () => {
        entry.status = response.statusCode;
      });
      const path = new URL(request.url ?? "/", "http://app").pathname;
      if (path.startsWith("/api/")) void api(request, response, entry);
      else if (path in STATIC) sendJson(response, 200, STATIC[path]);
      else files.answer(response, path);
    },
    upgrade: (request, socket: Duplex, head, pod) => {
      const entry = note(request, pod, true);
      entry.status = /^\/api\/sockjs\/[^/]+\/[^/]+\/websocket$/.test((request.url ?? "").split("?")[0] ?? "")
        ? 101
        : 404;
      if (entry.status === 101) openShell({ request, socket, head }, shells);
      else refuseUpgrade(socket, 404, "Not Found");
    },
  };
  return self;
}

/** `/me` says it as JSON, a list as plain text: the page takes them differently. */
const refuse = (path: string, response: ServerResponse): void => {
  if (path === "/api/v1/me")
    sendJson(response, 401, {
      ErrStatus: { status: "Failure", message: "MSG_LOGIN_UNAUTHORIZED_ERROR", code: 401 },
    });
  else sendText(response, 401, "MSG_LOGIN_UNAUTHORIZED_ERROR", { "Content-Type": "text/plain" });
};
