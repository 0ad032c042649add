import { sendJson, sendText } from "../answers.ts";
import { linesOf, type Accounts } from "../seen.ts";
import { app, type App } from "./app.ts";

/**
 * Grafana with `[auth.proxy]`: grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/
 * auth-proxy. A bearer that is none of its own API keys fails a request whatever else is sent (louketo-proxy issue 663).
 */
export function grafana(accounts: Accounts): App {
  return app(accounts, ({ request, response, path }) => {
    if (path === "/api/health") return sendJson(response, 200, { database: "ok", version: "12.0.0" });
    if (linesOf(request, "authorization").length > 0)
      return sendJson(response, 401, { message: "Invalid API key" });
    const names = linesOf(request, "x-webauth-user");
    const [name] = names;
    if (name === undefined || names.length > 1)
      return path.startsWith("/api/")
        ? sendJson(response, 401, { message: "Unauthorized" })
        : sendText(response, 302, "", { Location: "/login" });
    const groups = linesOf(request, "x-webauth-groups");
    if (path === "/api/user") return sendJson(response, 200, { login: name, groups });
    return sendText(response, 200, "<!doctype html><title>Grafana</title>", { "Content-Type": "text/html" });
  });
}
