import { sendJson, sendText } from "../answers.ts";
import { cookiesOf, linesOf, type Accounts } from "../seen.ts";
import { app, type App } from "./app.ts";

/**
 * Argo Server with `--auth-mode=client`: docs/argo-server-auth-mode.md and server/auth/gatekeeper.go of
 * argoproj/argo-workflows. The first header counts, then the cookie `authorization`.
 */
export function argoWorkflows(accounts: Accounts): App {
  return app(accounts, ({ request, response, path }) => {
    if (!path.startsWith("/api/"))
      return sendText(
        response,
        200,
        '<!DOCTYPE html><html lang="en"><head><title>Argo</title></head></html>',
        {
          "Content-Type": "text/html",
        },
      );
    const written =
      linesOf(request, "authorization")[0] ??
      decodeURIComponent(cookiesOf(request).get("authorization") ?? "");
    const user = accounts.user(/^Bearer (\S+)$/.exec(written)?.[1] ?? "");
    if (user === undefined) return sendJson(response, 401, { code: 16, message: "token not valid" });
    return sendJson(response, 200, { items: [], metadata: {}, subject: user });
  });
}
