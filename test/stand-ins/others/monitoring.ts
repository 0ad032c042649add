import { sendJson, sendText } from "../answers.ts";
import type { Accounts } from "../seen.ts";
import { app, type App } from "./app.ts";

/** It asks nobody who they are: prometheus.io/docs/prometheus/latest/management_api; web/web.go of prometheus/prometheus. */
export function prometheus(accounts: Accounts): App {
  return app(accounts, ({ response, path }) => {
    if (path === "/-/ready") return sendText(response, 200, "Prometheus Server is Ready.\n");
    if (path.startsWith("/api/v1/"))
      return sendJson(response, 200, { status: "success", data: { resultType: "vector", result: [] } });
    return sendText(response, 200, "<!doctype html><title>Prometheus Time Series Collection</title>", {
      "Content-Type": "text/html",
    });
  });
}

/** ui/web.go of prometheus/alertmanager. */
export function alertmanager(accounts: Accounts): App {
  return app(accounts, ({ response, path }) => {
    if (path === "/-/ready") return sendText(response, 200, "OK");
    if (path.startsWith("/api/v2/")) return sendJson(response, 200, []);
    return sendText(response, 200, "<!doctype html><title>Alertmanager</title>", {
      "Content-Type": "text/html",
      "Cache-Control": "no-cache, no-store, must-revalidate",
    });
  });
}

/** A token has to be good, and its owner must have the right: README.md of brancz/kube-rbac-proxy, "How does it work?". */
export function behindRbacProxy(accounts: Accounts, mayRead: (user: string) => boolean): App {
  return app(accounts, ({ response, user }) => {
    if (user === undefined) return sendText(response, 401, "Unauthorized\n");
    if (!mayRead(user)) return sendText(response, 403, `Forbidden (user=${user})\n`);
    return sendText(response, 200, `metrics for ${user}`);
  });
}
