import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { sendText } from "../answers.ts";

const html = (scale: number): string => `<!doctype html>
<html lang="en" data-scale="${scale}">
<meta charset="utf-8">
<title>Headlamp's stand-in</title>
<script type="module" src="/assets/index.js"></script>
<p>Signed in as <output id="user"></output></p>
<p id="banner" hidden></p>
<section id="token" hidden><h1>Authentication</h1><label>ID token <input></label></section>
<section id="error" hidden><h1>Something went wrong</h1><button id="again">Try Again</button></section>
<section id="main" hidden>
<nav>
<a href="/c/main/pods">Pods</a>
<a href="/c/main/deployments">Deployments</a>
</nav>
<ul id="rows"></ul>
<button id="open-log">Log</button><pre id="log"></pre>
<button id="open-exec">Terminal</button><pre id="terminal"></pre>
<button id="edit">Edit</button><output id="edited"></output>
</section>
</html>
`;

const MADE = "Sun, 22 Nov 2026 00:00:00 GMT";

/** The page and its script, as the real one serves them: `Last-Modified`, no `Cache-Control`, no policy (U24). */
export const headlampFiles = (
  scale: number,
): { answer(request: IncomingMessage, response: ServerResponse, path: string): void } => {
  const page = html(scale);
  const script = readFileSync(join(import.meta.dirname, "page.js"), "utf8");
  return {
    answer: (request, response, path) => {
      if (request.headers["if-modified-since"] === MADE) {
        response.writeHead(304, { Vary: "Accept-Encoding" });
        response.end();
        return;
      }
      const own = request.method === "GET" && path === "/assets/index.js";
      sendText(response, 200, own ? script : page, {
        "Content-Type": own ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8",
        "Last-Modified": MADE,
        Vary: "Accept-Encoding",
      });
    },
  };
};
