/** The demo's page: who the app thinks you are, and what it received. Everything is relative to its own address. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kauth demo</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<p class="eyebrow">A web UI inside the demo cluster</p>
<h1>You are <span id="user">…</span></h1>
<p class="lead">Nobody typed a token. kauth ran your credential plugin, found a ready pod behind the Service,
and added your own token to each request on the way.</p>
<dl>
<div><dt>Groups</dt><dd id="groups">…</dd></div>
<div><dt>Pod</dt><dd id="pod">…</dd></div>
<div><dt>Authorization headers received</dt><dd id="auth">…</dd></div>
<div><dt>Host received</dt><dd id="host">…</dd></div>
<div><dt>WebSocket</dt><dd id="ws">connecting …</dd></div>
<div><dt>Events</dt><dd id="sse">connecting …</dd></div>
</dl>
<p id="error" role="alert"></p>
</main>
<script src="app.js"></script>
</body>
</html>
`;

export const STYLE = `:root {
  --ink: #16202e; --soft: #5b6b80; --paper: #f5f7fa; --card: #fff; --line: #dfe5ec; --accent: #1f6feb; --bad: #b42318;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eef6; --soft: #93a4b8; --paper: #0e141b; --card: #161f29; --line: #263443; --accent: #6ea8ff; --bad: #ff8a7a; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: min(42rem, calc(100vw - 2rem)); margin: 2rem 0; padding: clamp(1.5rem, 5vw, 3rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 18px; box-shadow: 0 20px 50px -30px rgb(0 0 0 / .35); }
.eyebrow { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .04em; }
h1 { margin: .3rem 0 .6rem; font-size: clamp(1.7rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em; }
#user { color: var(--accent); overflow-wrap: anywhere; }
.lead { margin: 0 0 1.6rem; color: var(--soft); }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: 1rem; padding: .65rem 0; border-top: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#error:empty { display: none; }
#error { margin: 1.2rem 0 0; color: var(--bad); }
@media (max-width: 30rem) { dl div { grid-template-columns: 1fr; gap: .1rem; } }
`;

export const SCRIPT = `"use strict";
const show = (id, text) => { document.getElementById(id).textContent = text; };
const fail = (text) => { show("error", text); };
fetch("api/me").then(async (answer) => {
  const me = await answer.json();
  if (!answer.ok) throw new Error(me.message || answer.status);
  show("user", me.user);
  show("groups", me.groups.join(", "));
  show("pod", me.podName);
  show("auth", String(me.authorizationHeaderCount));
  show("host", me.host);
}).catch((error) => fail("Not signed in: " + error.message));
const socket = new WebSocket(new URL("ws/whoami", location.href).href.replace(/^http/, "ws"));
socket.onmessage = (event) => show("ws", "open, as " + JSON.parse(event.data).user);
socket.onclose = (event) => show("ws", "closed (" + event.code + ")");
const events = new EventSource("sse?ms=1000");
events.onmessage = (event) => show("sse", "event " + event.lastEventId + " arrived");
events.onerror = () => show("sse", "interrupted, trying again");
`;
