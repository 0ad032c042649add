import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import { ask, type Answer } from "../http.ts";
import { open, type Opened } from "../opened.ts";

/** One process, several UIs of several clusters, one start page (issue D.5). */

interface Named {
  name: string;
}
interface Kubeconfig {
  "current-context": string;
  clusters: Named[];
  users: Named[];
  contexts: (Named & { context: { cluster: string; user: string; namespace: string } })[];
}

/** Two demos' kubeconfigs as one, their contexts by these names. */
const merged = async (of: Readonly<Record<string, Answering>>, path: string): Promise<string> => {
  const all: Kubeconfig = {
    "current-context": Object.keys(of)[0] ?? "",
    clusters: [],
    users: [],
    contexts: [],
  };
  for (const [name, { demo }] of Object.entries(of)) {
    const one = JSON.parse(await readFile(demo.kubeconfig, "utf8")) as Kubeconfig;
    const namespace = one.contexts[0]?.context.namespace ?? "";
    all.clusters.push(...one.clusters.map((each) => ({ ...each, name })));
    all.users.push(...one.users.map((each) => ({ ...each, name })));
    all.contexts.push({ name, context: { cluster: name, user: name, namespace } });
  }
  await writeFile(path, JSON.stringify({ apiVersion: "v1", kind: "Config", ...all }), { mode: 0o600 });
  return path;
};

interface Served {
  readonly target: string;
  readonly namespace: string;
  readonly context: string;
  readonly url: string;
}

let blue: Answering;
let green: Answering;
let ui: Opened;
let kubeconfig = "";
const targets = (): readonly Served[] => ui.ready["targets"] as readonly Served[];
const at = (index: number): URL => new URL(targets()[index]?.url ?? "");
const fetchOf = async (index: number, path: string): Promise<Answer> =>
  await ask(at(index), { path, headers: { "x-kauth-token": ui.token } });
const whoAt = async (index: number): Promise<unknown> =>
  (JSON.parse((await fetchOf(index, "/api/me")).text) as { user: unknown }).user;

beforeAll(async () => {
  [blue, green] = await Promise.all([answeringPlugin(), answeringPlugin()]);
  await blue.answer("alice");
  await green.answer("bob");
  kubeconfig = await merged({ blue, "admin@green": green }, join(blue.directory, "merged"));
  const config = join(blue.directory, "config.yaml");
  await writeFile(config, 'version: 1\ncontexts:\n  "admin@green":\n    production: true\n    color: teal\n');
  ui = await open(["svc/ui", "svc/ui@admin@green", "deploy/ui:8080@blue", "--kubeconfig", kubeconfig], {
    several: true,
    env: { KAUTH_CONFIG: config },
  });
});
afterAll(async () => {
  await ui[Symbol.asyncDispose]();
  await blue[Symbol.asyncDispose]();
  await green[Symbol.asyncDispose]();
});

test("each target has an origin of its own below one port, and so has the start page", () => {
  expect(targets().map(({ target, context }) => `${target} ${context}`)).toEqual([
    "svc/ui blue",
    "svc/ui admin@green",
    "deploy/ui blue",
  ]);
  const origins = [ui.origin, at(0), at(1), at(2)];
  expect(new Set(origins.map(({ hostname }) => hostname)).size).toBe(4);
  expect(new Set(origins.map(({ port }) => port)).size).toBe(1);
  expect(ui.origin.hostname).toMatch(/^kauth-/);
  expect(new URL(ui.link).origin).toBe(ui.origin.origin);
});

test("a login is run once a context, and no pod is looked for before somebody asks", async () => {
  expect(await blue.runs()).toBe(1);
  expect(await green.runs()).toBe(1);
  expect(ui.stdout()).not.toContain('"event":"ready"');
});

test("each is opened as the person of its own context", async () => {
  expect(await Promise.all([whoAt(0), whoAt(1), whoAt(2)])).toEqual(["alice", "bob", "alice"]);
  const ready = [await ui.event("ready"), await ui.event("ready"), await ui.event("ready")];
  expect(ready.map(({ user, context }) => `${String(user)}@${String(context)}`).toSorted()).toEqual([
    "alice@blue",
    "alice@blue",
    "bob@admin@green",
  ]);
  expect(await blue.runs()).toBe(1);
});

test("what happens to one says to which", async () => {
  const states = ui
    .stdout()
    .split("\n")
    .filter((line) => line.includes('"event":"state"'))
    .map((line) => JSON.parse(line) as Partial<Served> & { readonly state: string });
  expect(
    states
      .filter(({ state }) => state === "up")
      .map(({ context }) => String(context))
      .toSorted(),
  ).toEqual(["admin@green", "blue", "blue"]);
});

test("a session of one opens no other", async () => {
  const link = new URL(ui.link);
  const made = await ask(link, {
    method: "POST",
    path: "/__kauth/session",
    headers: { origin: link.origin, "sec-fetch-site": "same-origin" },
    body: link.hash.slice(1),
  });
  // It leads to no target by itself: a person chooses.
  expect(made.status).toBe(200);
  expect((JSON.parse(made.text) as { next?: string }).next).toBeUndefined();
  const cookie = made.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const headers = { cookie, "sec-fetch-site": "same-origin" };
  const page = await ask(link, { headers });
  expect(page.status).toBe(200);
  // As config.yaml says of it.
  expect(page.text).toContain("<title>● prod · kauth</title>");
  for (const text of ["admin@green", "bob", "alice", "svc/ui", "deploy/ui"])
    expect(page.text).toContain(text);
  expect((await ask(at(0), { path: "/api/me", headers })).status).toBe(401);
});

test("one cluster's end is nothing to the other's target", async () => {
  await green.fail();
  green.demo.cluster.people.revokeAll();
  expect(await whoAt(0)).toBe("alice");
});

test("a target that is not there is told when it is opened, and the others go on", async () => {
  await using other = await open(["svc/nothing", "svc/ui", "--kubeconfig", kubeconfig], { several: true });
  const [missing, there] = other.ready["targets"] as readonly Served[];
  const get = async (served: Served | undefined): Promise<Answer> =>
    await ask(new URL(served?.url ?? ""), { path: "/api/me", headers: { "x-kauth-token": other.token } });
  const answer = await get(missing);
  expect(answer.status).toBe(504);
  expect(answer.text).not.toContain("nothing");
  expect((await other.event("incident"))["target"]).toBe("svc/nothing");
  expect((await get(there)).status).toBe(200);
});

test("a context where nobody can sign in is told, and the other one is opened", async () => {
  const without = await answeringPlugin();
  try {
    await without.fail();
    const path = await merged({ blue, gone: without }, join(blue.directory, "half"));
    await using half = await open(["svc/ui", "svc/ui@gone", "--kubeconfig", path], { several: true });
    expect(half.stderr()).toContain('Cannot sign in to "gone"');
    const [there] = half.ready["targets"] as readonly Served[];
    const answer = await ask(new URL(there?.url ?? ""), {
      path: "/api/me",
      headers: { "x-kauth-token": half.token },
    });
    expect(answer.status).toBe(200);
  } finally {
    await without[Symbol.asyncDispose]();
  }
});
