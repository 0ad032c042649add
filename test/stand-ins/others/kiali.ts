import { randomBytes } from "node:crypto";
import { sendJson, sendText } from "../answers.ts";
import { cookiesOf, linesOf, type Accounts } from "../seen.ts";
import { app, type App } from "./app.ts";

const ROOT = "/kiali";
const COOKIE = "kiali-token-aes";

/**
 * Kiali with `auth.strategy: header`: routing/router.go, business/authentication/header_auth_controller.go and
 * session_persistor.go of kiali/kiali. A session is good only with the token that it began with.
 */
export function kiali(accounts: Accounts): App {
  const sessions = new Map<string, string>();
  return app(accounts, ({ request, response, path, token, user }) => {
    if (path === "/") {
      response.writeHead(302, { Location: `${ROOT}/` });
      response.end();
      return;
    }
    if (path === `${ROOT}/healthz`) return sendText(response, 200, "");
    if (path === `${ROOT}/api/auth/info`)
      return sendJson(response, 200, { strategy: "header", sessionInfo: {} });
    const acting = linesOf(request, "impersonate-user")[0];
    if (path === `${ROOT}/api/authenticate`) {
      if (token === undefined || user === undefined)
        return sendJson(response, 401, { error: "Token is missing" });
      const id = randomBytes(8).toString("hex");
      sessions.set(id, token);
      return sendJson(
        response,
        200,
        { username: acting ?? user },
        { "Set-Cookie": `${COOKIE}=${id}; Path=${ROOT}; HttpOnly; SameSite=Strict` },
      );
    }
    if (path.startsWith(`${ROOT}/api/`)) {
      const session = sessions.get(cookiesOf(request).get(COOKIE) ?? "");
      if (session === undefined || session !== token || user === undefined)
        return sendText(response, 401, "Unauthorized");
      return sendJson(response, 200, [{ name: "apps", seenBy: acting ?? user }]);
    }
    return sendText(response, 200, "<!doctype html><title>Kiali</title>", { "Content-Type": "text/html" });
  });
}
