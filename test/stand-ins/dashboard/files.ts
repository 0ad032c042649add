import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { sendText } from "../answers.ts";

const html = (scale: number, version: 2 | 7): string => `<!doctype html>
<html lang="en" data-scale="${scale}" data-version="${version}">
<meta charset="utf-8">
<title>Dashboard's stand-in</title>
<script type="module" src="/main.js"></script>
<p>Signed in as <output id="user"></output></p>
<section id="login" hidden><h1>Kubernetes Dashboard</h1><label>Bearer token <input></label></section>
<section id="error" hidden><h1>An error occurred</h1></section>
<section id="main" hidden>
<nav><a href="#/workloads">Workloads</a> <a href="#/pod">Pods</a></nav>
<ul id="rows"></ul>
<ul id="errors"></ul>
<button id="create">Create</button><output id="created"></output>
<button id="save">Save</button><output id="saved"></output>
<button id="open-shell">Terminal</button><pre id="terminal"></pre>
</section>
</html>
`;

/** One page for every path: its routes are behind the hash. */
export const dashboardFiles = (
  scale: number,
  version: 2 | 7,
): { answer(response: ServerResponse, path: string): void } => {
  const page = html(scale, version);
  const script = readFileSync(join(import.meta.dirname, "page.js"), "utf8");
  return {
    answer: (response, path) => {
      if (path === "/main.js")
        sendText(response, 200, script, {
          "Content-Type": "text/javascript; charset=utf-8",
          "Last-Modified": "Sun, 22 Nov 2026 00:00:00 GMT",
        });
      else
        sendText(response, 200, page, {
          "Content-Type": "text/html; charset=utf-8",
          "Cache-Control": "no-cache, no-store, must-revalidate",
        });
    },
  };
};
