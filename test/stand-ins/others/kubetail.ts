import { randomBytes } from "node:crypto";
import { bodyOf, sendJson, sendText } from "../answers.ts";
import { cookiesOf, type Accounts } from "../seen.ts";
import { app, type App } from "./app.ts";

const COOKIE = "kubetail_dashboard_session";

/**
 * Kubetail's dashboard with `auth-mode: token`: modules/dashboard/pkg/app/{app,auth,middleware}.go of
 * kubetail-org/kubetail. What changes something needs its own session, a token of it, and a page of its own origin.
 */
export function kubetail(accounts: Accounts): App {
  const tokens = new Map<string, string>();
  return app(accounts, async ({ request, response, path, user }) => {
    if (path === "/healthz") return sendJson(response, 200, { status: "ok" });
    const body = await bodyOf(request).catch(() => "");
    const csrf = tokens.get(cookiesOf(request).get(COOKIE) ?? "");
    if (request.method === "POST") {
      if (request.headers["sec-fetch-site"] !== "same-origin") return sendText(response, 403, "");
      if (csrf === undefined || request.headers["x-csrf-token"] !== csrf) return sendText(response, 403, "");
    }
    if (path === "/api/auth/session") {
      const id = randomBytes(8).toString("hex");
      const made = csrf ?? randomBytes(16).toString("hex");
      if (csrf === undefined) tokens.set(id, made);
      return sendJson(
        response,
        200,
        { auth_mode: "token", user: user ?? null },
        {
          "X-CSRF-Token": made,
          ...(csrf === undefined ? { "Set-Cookie": `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` } : {}),
        },
      );
    }
    if (path === "/graphql") {
      if (user === undefined) return sendText(response, 401, "");
      return sendJson(response, 200, { data: { seenBy: user, asked: body } });
    }
    return sendText(response, 200, "<!doctype html><title>Kubetail</title>", { "Content-Type": "text/html" });
  });
}
