// What Headlamp's front end does as far as a proxy can feel it: ui-traffic/README.md, recordings headlamp-*.json.
const scale = Number(document.documentElement.dataset.scale);
const wait = (seconds) => seconds * 1000 * scale;
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, wait(seconds)));
const element = (id) => document.getElementById(id);

const CLUSTER = "/clusters/main";
const TOKEN_PAGE = "/c/main/token";
const BASE64 = ["base64.binary.k8s.io"];
const JSON_HEADERS = { Accept: "application/json", "Content-Type": "application/json" };

/** For the tests: they read it with `evaluate`. */
const app = { events: [], doubled: 0, opened: 0, broken: 0, errors: 0, failedPolls: 0 };
globalThis.app = app;

/** Every view that this tab has shown, through reloads. */
const show = (view) => {
  sessionStorage.setItem("views", `${sessionStorage.getItem("views") ?? ""} ${view}`.trim());
  for (const each of ["token", "error", "main"]) element(each).hidden = each !== view;
};
const banner = (text) => {
  element("banner").textContent = text;
  element("banner").hidden = text === "";
};

/** Any answer of the cluster can make the page reload; `/config` is none of them. Other requests wait 120 s. */
async function ask(path, { seconds = 120, ...options } = {}) {
  const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(wait(seconds)) });
  if (path.startsWith(CLUSTER) && answer.headers.get("X-Reload") === "reload") location.reload();
  return answer;
}

const review = (group, kind, spec, seconds) =>
  ask(`${CLUSTER}/apis/${group}.k8s.io/v1/${kind}`, {
    method: "POST",
    headers: JSON_HEADERS,
    body: JSON.stringify({ spec }),
    seconds,
  });

/** The signed-in test: what becomes of the page hangs on its answer. */
async function signedIn() {
  let answer;
  try {
    answer = await review("authorization", "selfsubjectrulesreviews", { namespace: "default" }, 5);
    if (answer.ok) {
      await answer.json();
      return "main";
    }
  } catch (error) {
    // Something that is no JSON; else it was dropped or too late.
    return error instanceof SyntaxError ? "token" : "error";
  }
  return [408, 502, 504].includes(answer.status) ? "error" : "token";
}

const reopenable = new Set();
let current = 0;

const rowOf = (uid) => [...element("rows").children].find((row) => row.dataset.uid === uid);
const addRow = ({ metadata }) => {
  const row = rowOf(metadata.uid) ?? document.createElement("li");
  row.dataset.uid = metadata.uid;
  row.dataset.version = metadata.resourceVersion;
  row.textContent = metadata.name;
  element("rows").append(row);
};

const apply = ({ type, object }) => {
  const { uid, name, resourceVersion } = object.metadata;
  const known = rowOf(uid);
  if (
    type === "ADDED" ? known !== undefined : known === undefined || known.dataset.version === resourceVersion
  )
    app.doubled += 1;
  app.events.push(`${type} ${name} ${resourceVersion}`);
  if (type === "DELETED") known?.remove();
  else addRow(object);
};

const socketTo = (path, protocols) =>
  new WebSocket(`${location.origin.replace("http", "ws")}${CLUSTER}${path}`, protocols);

/** A watch that breaks is never opened again (U11). Each change closes it and opens the next (U13). */
function watch(path, version, shown) {
  const socket = socketTo(`${path}?watch=1&resourceVersion=${version}`, BASE64);
  reopenable.add(socket);
  socket.addEventListener("open", () => {
    app.opened += 1;
  });
  const closed = () => {
    if (reopenable.delete(socket)) app.broken += 1;
  };
  socket.addEventListener("close", closed);
  socket.addEventListener("message", ({ data }) => {
    if (!reopenable.has(socket)) return;
    const event = JSON.parse(data);
    if (event.type === "ERROR") {
      // Noted in the console, and that is all.
      app.errors += 1;
      return;
    }
    if (shown) apply(event);
    reopenable.delete(socket);
    socket.close();
    watch(path, event.object.metadata.resourceVersion, shown);
  });
}

/** A list and its watch. Failures but refusals are tried again after 1, 2 and 4 s. */
async function follow(path, query, shown, page) {
  for (const pause of [1, 2, 4, 0]) {
    try {
      const answer = await ask(`${CLUSTER}${path}${query}`);
      if (answer.ok) {
        const found = await answer.json();
        if (page !== current) return;
        if (shown) {
          element("rows").replaceChildren();
          for (const item of found.items) addRow(item);
        }
        watch(path, found.metadata.resourceVersion, shown);
        return;
      }
      if ([401, 403, 404].includes(answer.status)) break;
    } catch {
      // Tried again as well.
    }
    if (pause > 0) await sleep(pause);
  }
  if (page === current) {
    sessionStorage.setItem("views", `${sessionStorage.getItem("views") ?? ""} failed-list`);
    banner(`cannot list ${path}`);
  }
}

async function pollMetrics(page) {
  while (page === current) {
    await ask(`${CLUSTER}/apis/metrics.k8s.io/v1beta1/pods?limit=1000`).catch(() => undefined);
    await sleep(5);
  }
}

function route() {
  current += 1;
  const page = current;
  for (const socket of reopenable) {
    reopenable.delete(socket);
    socket.close();
  }
  element("rows").replaceChildren();
  void review("authorization", "selfsubjectaccessreviews", {}).catch(() => undefined);
  void follow("/api/v1/namespaces", "", false, page);
  if (location.pathname === "/c/main/deployments")
    return void follow("/apis/apps/v1/deployments", "", true, page);
  void follow("/api/v1/pods", "?limit=1000", true, page);
  if (location.pathname === "/c/main/pods") void pollMetrics(page);
}

let factor = 1;
let healthTimer = 0;
/** Every 5 s whatever became of the one before; 10, 15, 20 s … while they fail. */
function pollHealth() {
  clearInterval(healthTimer);
  healthTimer = setInterval(
    async () => {
      const good = await ask(`${CLUSTER}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (!good) app.failedPolls += 1;
      banner(good ? "" : "The cluster cannot be reached");
      const next = good ? 1 : factor + 1;
      if (next === factor) return;
      factor = next;
      pollHealth();
    },
    wait(5 * factor),
  );
}

/** Resolves with the first answer; then asks every 10 s. A failure is tried again after 1, 2 and 4 s. */
async function readConfig() {
  for (;;) {
    for (const pause of [1, 2, 4, 10]) {
      const found = await ask("/config")
        .then(
          (answer) => (answer.ok ? answer.json() : undefined),
          () => undefined,
        )
        .catch(() => undefined);
      if (found !== undefined) return;
      await sleep(pause);
    }
  }
}
async function pollConfig() {
  for (;;) {
    await sleep(10);
    await readConfig();
  }
}

/** What the first load asks beside; some of it is absent from a healthy cluster (U19). */
function start() {
  for (const path of [
    "/me",
    "/apis/gateway.networking.k8s.io/v1",
    "/apis/gateway.networking.k8s.io/v1alpha2",
    "/version",
    "/api/v1/events?limit=2000",
    "/api/v1/nodes",
  ])
    void ask(`${CLUSTER}${path}`).catch(() => undefined);
  void review("authentication", "selfsubjectreviews", {})
    .then((answer) => answer.json())
    .then(({ status }) => {
      element("user").textContent = status?.userInfo?.username ?? "";
    })
    .catch(() => undefined);
  pollHealth();
}

async function decide() {
  if (location.pathname === TOKEN_PAGE) return show("token");
  const view = await signedIn();
  // The address keeps the page there, through reloads too (U7).
  if (view === "token") history.replaceState(undefined, "", TOKEN_PAGE);
  show(view);
  if (view === "main") route();
}

element("again").addEventListener("click", () => void decide());
for (const link of document.querySelectorAll("nav a"))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState(undefined, "", link.href);
    route();
  });

const POD = "/api/v1/namespaces/demo/pods/shell";
element("open-log").addEventListener("click", () => {
  const query = "container=shell&previous=false&timestamps=true&follow=true&tailLines=100";
  const socket = socketTo(`${POD}/log?${query}`, BASE64);
  socket.addEventListener("message", ({ data }) => element("log").append(atob(data)));
  socket.addEventListener("close", ({ code, reason }) => element("log").append(`closed ${code} ${reason}`));
});
element("open-exec").addEventListener("click", () => {
  const channels = ["v4", "v3", "v2"].map((version) => `${version}.channel.k8s.io`);
  const socket = socketTo(`${POD}/exec?container=shell&command=sh&stdin=1&stderr=1&stdout=1&tty=1`, [
    ...BASE64,
    ...channels,
    "channel.k8s.io",
  ]);
  socket.binaryType = "arraybuffer";
  const send = (channel, text) => socket.send(Uint8Array.of(channel, ...new TextEncoder().encode(text)));
  socket.addEventListener("open", () => {
    element("terminal").append(`${socket.protocol} `);
    send(4, JSON.stringify({ Width: 105, Height: 28 }));
    send(0, "hello");
  });
  socket.addEventListener("message", ({ data }) =>
    element("terminal").append(new TextDecoder().decode(data.slice(1))),
  );
});
async function edit() {
  const answer = await ask(`${CLUSTER}/api/v1/namespaces/demo/configmaps/edit-me?pretty=true`, {
    method: "PATCH",
    headers: { Accept: "application/json", "Content-Type": "application/json-patch+json" },
    body: JSON.stringify([{ op: "add", path: "/data/a", value: "b" }]),
  }).catch(() => undefined);
  element("edited").textContent = String(answer?.status ?? "no answer");
}
element("edit").addEventListener("click", () => void edit());

if (location.pathname === "/") history.replaceState(undefined, "", "/c/main/");
sessionStorage.setItem("loads", String(Number(sessionStorage.getItem("loads") ?? "0") + 1));
await ask("/plugins").catch(() => undefined);
await readConfig();
void pollConfig();
start();
void decide();
