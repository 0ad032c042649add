// What the Dashboard's front end does as far as a proxy can feel it: ui-traffic/README.md, recordings dashboard-*.json.
const { version } = document.documentElement.dataset;
const scale = Number(document.documentElement.dataset.scale);
const wait = (seconds) => seconds * 1000 * scale;
const element = (id) => document.getElementById(id);
const ACCEPT = "application/json, text/plain, */*";
const LISTS = [
  "cronjob",
  "daemonset",
  "deployment",
  "job",
  "pod",
  "replicaset",
  "replicationcontroller",
  "statefulset",
];

/** For the tests: they read it with `evaluate`. */
const app = { dead: 0, meEnded: false };
globalThis.app = app;

/** Every view that this tab has shown, through reloads. */
const show = (view) => {
  sessionStorage.setItem("views", `${sessionStorage.getItem("views") ?? ""} ${view}`.trim());
  for (const each of ["login", "error", "main"]) element(each).hidden = each !== view;
};

const tokenCookie = () => /(?:^|; )token=([^;]+)/.exec(document.cookie)?.[1];

/** A `token` cookie is sent as the header (U3). Nothing has a time limit (U9). */
const ask = (path, { headers, ...options } = {}) => {
  const token = tokenCookie();
  return fetch(path, {
    ...options,
    headers: {
      Accept: ACCEPT,
      ...headers,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
  });
};

/** Timers and what waits; all of it ends with the route. */
let polls = [];
const endPolls = () => {
  for (const end of polls) end();
  polls = [];
};

const leaveFor = (view) => {
  endPolls();
  location.hash = `#/${view}`;
  show(view);
};

/** The turn of a refusal: the cookie goes, and the login page opens. With JSON in it, it is an error as any other. */
function failed(answer) {
  const json = (answer.headers.get("Content-Type") ?? "").includes("json");
  if (answer.status === 401) document.cookie = "token=; Max-Age=0; path=/";
  leaveFor(answer.status === 401 && !json ? "login" : "error");
}

/**
 * Asks every 10 s; a request that still waits then is given up for the next one (source). The first failure is the
 * end: of the whole page where it is an HTTP error, of this list alone and without a sign where there was no answer.
 */
function poll(path, take) {
  let mine;
  let timer = 0;
  const end = () => {
    clearInterval(timer);
    mine?.abort();
  };
  const tick = async () => {
    mine?.abort();
    const own = new AbortController();
    mine = own;
    try {
      const answer = await ask(path, { signal: own.signal });
      if (!answer.ok) {
        if (!own.signal.aborted) failed(answer);
        return;
      }
      const found = await answer.json();
      if (!own.signal.aborted) take(found);
    } catch {
      if (own.signal.aborted) return;
      app.dead += 1;
      end();
    }
  };
  timer = setInterval(() => void tick(), wait(10));
  polls.push(end);
  void tick();
}

const fill = (id, texts) =>
  element(id).replaceChildren(
    ...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );

const showPods = (found) => {
  fill(
    "rows",
    found.pods.map(({ objectMeta }) => objectMeta.name),
  );
  const errors = found.errors.map(({ ErrStatus }) => ErrStatus.reason);
  fill("errors", errors);
  if (errors.length > 0) sessionStorage.setItem("views", `${sessionStorage.getItem("views")} errors`);
};

/** Every 30 s, until the first failure: then never again, and nobody is told (U10). */
async function pollMe() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait(30)));
    const good = await ask("/api/v1/me").then(
      ({ ok }) => ok,
      () => false,
    );
    if (!good) break;
  }
  app.meEnded = true;
}

function route() {
  if (location.hash === "#/error") return show("error");
  if (location.hash === "#/login") return show("login");
  endPolls();
  show("main");
  poll("/api/v1/namespace", () => undefined);
  if (location.hash === "#/pod") return poll("/api/v1/pod/demo?itemsPerPage=10&page=1", showPods);
  for (const kind of LISTS)
    poll(`/api/v1/${kind}/default`, (found) => {
      if (kind === "pod") showPods(found);
    });
}

async function signedIn() {
  if (version === "2") {
    const answer = await ask("/api/v1/login/status").catch(() => undefined);
    const status = answer?.ok === true ? await answer.json() : {};
    return status.tokenPresent === true || status.headerPresent === true ? "somebody" : undefined;
  }
  const answer = await ask("/api/v1/me").catch(() => undefined);
  if (answer?.status === 401) document.cookie = "token=; Max-Age=0; path=/";
  return answer?.ok === true ? (await answer.json()).name : undefined;
}

async function create() {
  const csrf = await ask("/api/v1/csrftoken/appdeploymentfromfile").then((answer) => answer.json());
  const answer = await ask("/api/v1/appdeploymentfromfile", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-TOKEN": csrf.token },
    body: JSON.stringify({ namespace: "demo", content: "kind: ConfigMap", validate: true }),
  });
  element("created").textContent = String(answer.status);
}

async function save() {
  const answer = await ask("/api/v1/_raw/configmap/namespace/demo/name/edit-me", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ kind: "ConfigMap" }),
  });
  element("saved").textContent = String(answer.status);
}

async function openShell() {
  const { id } = await ask("/api/v1/pod/demo/shell/shell/shell").then((answer) => answer.json());
  await fetch(`/api/sockjs/info?${id}&t=1`);
  const socket = new WebSocket(
    `${location.origin.replace("http", "ws")}/api/sockjs/123/abcdefgh/websocket?${id}`,
  );
  const send = (message) => socket.send(JSON.stringify([JSON.stringify(message)]));
  socket.addEventListener("message", ({ data }) => {
    if (data === "o") {
      send({ Op: "bind", SessionID: id });
      send({ Op: "resize", Cols: 80, Rows: 24 });
      send({ Op: "stdin", Data: "hello" });
    } else if (data.startsWith("a"))
      for (const text of JSON.parse(data.slice(1))) element("terminal").append(JSON.parse(text).Data);
  });
  socket.addEventListener("close", ({ code, reason }) =>
    element("terminal").append(`closed ${code} ${reason}`),
  );
}

element("create").addEventListener("click", () => void create());
element("save").addEventListener("click", () => void save());
element("open-shell").addEventListener("click", () => void openShell());

sessionStorage.setItem("loads", String(Number(sessionStorage.getItem("loads") ?? "0") + 1));
for (const path of ["/config", "/settings/pinnedresources", "/settings", "/systembanner"])
  void ask(path).catch(() => undefined);
const name = await signedIn();
if (name === undefined) leaveFor("login");
else {
  element("user").textContent = name;
  // The error page stays through reloads, the login page does not.
  if (location.hash === "" || location.hash === "#/login") location.hash = "#/workloads";
  route();
  addEventListener("hashchange", route);
  if (version !== "2") void pollMe();
}
