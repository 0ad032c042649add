import { describe, expect, test } from "vitest";
import { statusOf } from "../demo/answer.ts";
import type { ApiRequest, Service } from "../api/index.ts";
import { KnownError } from "../base/errors.ts";
import { MiB } from "../base/units.ts";
import { connected, json, plainServer } from "../../test/api-server.ts";
import { memoryConnection } from "../../test/memory-connection.ts";
import { clock } from "../tunnel/far-end.test-d.ts";
import { findServices, type Findings } from "./find.ts";

interface Wishes {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

const serviceJson = (namespace: string, name: string, { labels = {}, spec }: Wishes = {}): object => ({
  metadata: { name, namespace, labels },
  spec: { selector: { app: name }, ports: [{ name: "http", port: 80 }], ...spec },
});

type Answer = { readonly status: number; readonly items?: readonly object[] };

/** What a cluster answers by namespace; `*` is all of them. Everything else is 403. */
interface World {
  readonly answers: Readonly<Record<string, Answer | (() => Promise<never>)>>;
}

const scene = ({ answers }: World) => {
  const calls: string[] = [];
  let running = 0;
  let most = 0;
  const connection = memoryConnection({
    request: async (request: ApiRequest) => {
      const namespace = /\/namespaces\/([^/]+)\/services$/.exec(request.path)?.[1] ?? "*";
      calls.push(`${namespace} ${request.query?.["continue"] ?? ""}`.trim());
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setImmediate(done));
      running -= 1;
      request.signal?.throwIfAborted();
      const answer = answers[namespace] ?? { status: 403 };
      if (typeof answer === "function") return await answer();
      if (answer.status !== 200)
        return { status: answer.status, headers: [], body: statusOf(answer.status, "no") };
      const at = Number(request.query?.["continue"] ?? "0");
      const size = Number(request.query?.["limit"]);
      const items = answer.items ?? [];
      const next = at + size < items.length ? String(at + size) : "";
      return {
        status: 200,
        headers: [],
        body: { metadata: { continue: next }, items: items.slice(at, at + size) },
      };
    },
  });
  const find = async (
    namespaces: readonly string[],
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Findings<string>> =>
    await findServices({
      connection,
      system: clock().system,
      namespaces,
      match: ({ metadata }: Service) => metadata.labels.get("ui"),
      signal,
    });
  return { calls, find, most: () => most };
};

const ui = (namespace: string, name: string): object => serviceJson(namespace, name, { labels: { ui: "x" } });
const names = ({ found }: Findings<string>): readonly string[] =>
  found.map(({ service: { metadata } }) => `${metadata.namespace}/${metadata.name}`);
const states = ({ places }: Pick<Findings<string>, "places">): readonly string[] =>
  places.map(({ namespace = "*", state }) => `${namespace} ${state}`);

describe("where Services are looked for", () => {
  test("somebody who may list everywhere is asked for nothing else", async () => {
    const items = [ui("zz", "a"), ui("apps", "b"), ui("headlamp", "c"), serviceJson("apps", "none")];
    const world = scene({
      answers: { apps: { status: 200, items: [ui("apps", "b")] }, "*": { status: 200, items } },
    });
    const found = await world.find(["apps", "headlamp", "monitoring"]);
    expect(names(found)).toEqual(["apps/b", "headlamp/c", "zz/a"]);
    expect(world.calls.toSorted()).toEqual(["*", "apps"]);
    expect(states(found)).toEqual(["apps searched", "* searched"]);
  });

  test("who may not gets what the namespaces hold, and the refusals are no failure", async () => {
    const world = scene({
      answers: { apps: { status: 200 }, monitoring: { status: 200, items: [ui("monitoring", "m")] } },
    });
    const found = await world.find(["apps", "headlamp", "monitoring", "apps"]);
    expect(names(found)).toEqual(["monitoring/m"]);
    expect(states(found)).toEqual(["apps searched", "headlamp denied", "monitoring searched", "* denied"]);
    expect(found.places[1]?.error?.code).toBe("FORBIDDEN");
  });

  test("a few namespaces are asked at once, and no more", async () => {
    const world = scene({ answers: {} });
    await world.find(["apps", ...Array.from({ length: 20 }, (_each, at) => `n${at}`)]);
    expect(world.calls.length).toBe(22);
    expect(world.most()).toBe(4);
  });

  test("the list is in the order of the places, then of the names, and each Service is in it once", async () => {
    const world = scene({
      answers: {
        b: { status: 200, items: [ui("b", "y"), ui("b", "x")] },
        a: { status: 200, items: [ui("a", "z")] },
      },
    });
    expect(names(await world.find(["b", "a", "b"]))).toEqual(["b/x", "b/y", "a/z"]);
  });
});

describe("what is too much or goes wrong", () => {
  test("pages are read up to a number of Services, and that there are more is said", async () => {
    const items = Array.from({ length: 2_001 }, (_each, at) => ui("apps", `s${at}`));
    const world = scene({ answers: { "*": { status: 200, items }, apps: { status: 200 } } });
    const found = await world.find(["apps", "other"]);
    expect(found.found.length).toBe(2_000);
    expect(states(found)).toEqual(["apps searched", "other denied", "* partly"]);
    const whole = scene({ answers: { "*": { status: 200, items: items.slice(1) }, apps: { status: 200 } } });
    expect(states(await whole.find(["apps"]))).toEqual(["apps searched", "* searched"]);
  });

  test("a list that never ends is left after some pages", async () => {
    const endless = memoryConnection({
      request: () =>
        Promise.resolve({ status: 200, headers: [], body: { metadata: { continue: "x" }, items: [] } }),
    });
    const found = await findServices({
      connection: endless,
      system: clock().system,
      namespaces: ["apps"],
      match: () => undefined,
      signal: new AbortController().signal,
    });
    expect(states(found)).toEqual(["apps partly", "* partly"]);
  });

  test("a Service that leads to no pods is told apart", async () => {
    const items = [
      serviceJson("apps", "hand-made", { labels: { ui: "x" }, spec: { selector: {} } }),
      serviceJson("apps", "elsewhere", {
        labels: { ui: "x" },
        spec: { type: "ExternalName", externalName: "e" },
      }),
    ];
    const found = await scene({ answers: { apps: { status: 200, items } } }).find(["apps"]);
    expect(names(found)).toEqual([]);
    expect(found.podless.map(({ service }) => service.metadata.name)).toEqual(["elsewhere", "hand-made"]);
  });

  test("one place that fails leaves the others", async () => {
    const broken = async (): Promise<never> => {
      await Promise.resolve();
      throw new KnownError("API_FAILED", "an answer is too large");
    };
    const world = scene({ answers: { apps: broken, b: { status: 200, items: [ui("b", "x")] } } });
    const found = await world.find(["apps", "b"]);
    expect(names(found)).toEqual(["b/x"]);
    expect(states(found)).toEqual(["apps failed", "b searched", "* denied"]);
  });

  test("where nothing can be asked, it is an error and no empty list", async () => {
    const away = async (): Promise<never> => {
      await Promise.resolve();
      throw new KnownError("CONNECTION_REFUSED", "nobody listens");
    };
    const world = scene({ answers: { apps: away, b: away, "*": away } });
    await expect(world.find(["apps", "b"])).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  });

  test("a credential that is not accepted ends it", async () => {
    await expect(scene({ answers: { "*": { status: 401 } } }).find(["apps"])).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
  });

  test("whoever leaves does not wait", async () => {
    const stop = new AbortController();
    const world = scene({ answers: { apps: { status: 200 } } });
    const found = world.find(["apps", "b", "c"], stop.signal);
    stop.abort(new Error("ended by a signal"));
    await expect(found).rejects.toThrow("ended by a signal");
  });

  test("a place that does not answer is left after ten seconds", async () => {
    const time = clock();
    const silent = memoryConnection({
      request: async ({ path, signal }) => {
        if (path === "/api/v1/services") return { status: 403, headers: [], body: {} };
        return await new Promise((_done, fail) =>
          signal?.addEventListener("abort", () => fail(signal.reason as Error)),
        );
      },
    });
    const finding = findServices({
      connection: silent,
      system: time.system,
      namespaces: ["apps"],
      match: () => undefined,
      signal: new AbortController().signal,
    });
    await new Promise((done) => setImmediate(done));
    await time.advance(9_999);
    await time.advance(1);
    const { places } = await finding;
    expect(places.map(({ state, error }) => [state, error?.code])).toEqual([
      ["failed", "CONNECTION_TIMEOUT"],
      ["denied", "FORBIDDEN"],
    ]);
  });

  test("an answer of 100 MiB is left at 8, and the other places are looked at", async () => {
    let sent = 0;
    await using server = await plainServer((request, response) => {
      if (request.url?.includes("/namespaces/fine/") === true) {
        json(response, 200, { metadata: {}, items: [ui("fine", "x")] });
        return;
      }
      if (request.url?.includes("/namespaces/huge/") !== true) {
        json(response, 403, {});
        return;
      }
      const piece = Buffer.alloc(MiB(1), " ");
      const more = (): void => {
        while (sent < MiB(100) && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) {
            response.once("drain", more);
            return;
          }
        }
      };
      more();
    });
    await using connection = connected(server.url);
    const found = await findServices({
      connection,
      system: clock().system,
      namespaces: ["huge", "fine"],
      match: ({ metadata }) => metadata.labels.get("ui"),
      signal: new AbortController().signal,
    });
    expect(names(found)).toEqual(["fine/x"]);
    expect(states(found)).toEqual(["huge failed", "fine searched", "* denied"]);
    expect(found.places[0]?.error?.message).toMatch(/larger than 8388608 bytes/);
    expect(sent).toBeLessThan(MiB(32));
  });
});
