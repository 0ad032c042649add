import { describe, expect, test } from "vitest";
import { knownUi, presetsWith } from "../ui/index.ts";
import { readConfig, type Config } from "./config.ts";

const read = async (blocks: Readonly<Record<string, unknown>>): Promise<Config> =>
  await readConfig({ version: 1, ...blocks }, "config.yaml");

const presets = async (block: unknown): Promise<ReturnType<typeof presetsWith>> =>
  presetsWith((await read({ presets: block })).presets);

describe("presets", () => {
  test("one of a person's own, with all that it can say", async () => {
    const [own] = await presets({
      "my-ui": {
        name: "My UI",
        services: ["my-ui", "*-my-ui"],
        "service-labels": [{ app: "my-ui" }],
        "pod-labels": [{ app: "my-ui", "helm.sh/chart": "my-ui-*" }],
        images: ["registry.example:5000/team/my-ui"],
        except: ["*-headless"],
        namespaces: ["tools"],
        port: "https-web",
        scheme: "https",
        path: "/start?x=1",
        ready: { path: "/healthz", status: 204 },
        "strip-cookies": ["sid", "old-*"],
        "expire-cookies": ["token"],
        headers: { "X-User": "{{username}}", "X-Empty": "" },
        "never-refusals": ["/me"],
        "perhaps-refusals": [{ status: 502, path: "/api/**" }, { status: 403 }],
        sends: "bearer",
        leg: "direct",
        impersonation: "accepts",
      },
    });
    expect(own).toEqual({
      id: "my-ui",
      name: "My UI",
      find: {
        services: ["my-ui", "*-my-ui"],
        serviceLabels: [{ app: "my-ui" }],
        podLabels: [{ app: "my-ui", "helm.sh/chart": "my-ui-*" }],
        images: ["registry.example:5000/team/my-ui"],
        except: ["*-headless"],
        namespaces: ["tools"],
      },
      ports: ["https-web"],
      scheme: "https",
      path: "/start?x=1",
      ready: { path: "/healthz", answers: [{ status: 204 }] },
      strip: ["sid", "old-*", "token"],
      expire: ["token"],
      headers: [
        { name: "X-User", value: "{{username}}" },
        { name: "X-Empty", value: "" },
      ],
      refusals: {
        never: ["/me"],
        perhaps: [
          { status: 502, path: "/api/**" },
          { status: 403, path: "/**" },
        ],
      },
      sends: "bearer",
      leg: "direct",
      impersonation: "accepts",
    });
  });

  test("R-N11: one with headers sends these alone where it does not say otherwise", async () => {
    const [own] = await presets({ x: { services: ["x"], headers: { "X-User": "{{username}}" } } });
    expect(own?.sends).toBe("headers");
    const [other] = await presets({ x: { services: ["x"] } });
    expect(other).toMatchObject({ sends: "bearer", name: "x", leg: "pod" });
  });

  test("what is said of a known one counts, and the rest stays", async () => {
    const table = await presets({ grafana: { sends: "nothing", services: ["boards"] } });
    const grafana = table.filter(({ id }) => id === "grafana");
    expect(grafana).toHaveLength(1);
    expect(grafana[0]).toMatchObject({ name: "Grafana", sends: "nothing" });
    expect(grafana[0]?.find).toMatchObject({
      services: ["boards"],
      images: expect.arrayContaining(["grafana/grafana"]),
    });
  });

  test("one of a person's own is known before those that are built in", async () => {
    const table = await presets({ boards: { images: ["grafana/grafana"], sends: "bearer" } });
    const signs = { image: "docker.io/grafana/grafana:12", labels: new Map(), service: "x" };
    expect(knownUi(signs, table)?.id).toBe("boards");
    expect(knownUi(signs)?.id).toBe("grafana");
  });
});

test("contexts say how their pages look", async () => {
  const { contexts } = await read({ contexts: { "prod/eu": { production: true, color: "red" }, dev: {} } });
  expect([...contexts]).toEqual([
    ["prod/eu", { production: true, color: "red" }],
    ["dev", { production: false, color: undefined }],
  ]);
});

interface Refused {
  readonly name: string;
  readonly presets?: unknown;
  readonly contexts?: unknown;
  readonly says: string;
  readonly hint?: string;
}

const own = (over: Readonly<Record<string, unknown>>): unknown => ({ x: { services: ["x"], ...over } });

describe("refused, exit 2, with the key", () => {
  test.each<Refused>([
    {
      name: "a list",
      presets: [],
      says: '"presets" is a list: it must be a mapping',
      hint: 'Correct "presets" there',
    },
    { name: "nothing", presets: null, says: '"presets" is empty: it must be a mapping' },
    { name: "an id that nobody can type", presets: { "My UI": {} }, says: '"presets" has the key "My UI"' },
    {
      name: "an unknown key",
      presets: own({ servces: [] }),
      says: 'unknown key "presets.x.servces"',
      hint: "Did you mean presets.x.services?",
    },
    {
      name: "an unknown key below",
      presets: own({ ready: { pth: "/" } }),
      says: 'unknown key "presets.x.ready.pth"',
      hint: "Did you mean presets.x.ready.path?",
    },
    {
      name: "a key like no other",
      presets: own({ zzzzzzzzzzzz: 1 }),
      says: 'unknown key "presets.x.zzzzzzzzzzzz"',
      hint: expect.stringMatching(/^Known are name, services,/),
    },
    {
      name: "an inherited name",
      presets: own({ constructor: 1 }),
      says: 'unknown key "presets.x.constructor"',
    },
    {
      name: "text for a list",
      presets: { x: { services: "x" } },
      says: '"presets.x.services" is "x": it must be a list',
    },
    {
      name: "a number in a list",
      presets: { x: { services: [1] } },
      says: '"presets.x.services[0]" is 1: it must be a name',
    },
    {
      name: "a label that is none",
      presets: own({ "pod-labels": [{ "a b": "c" }] }),
      says: '"presets.x.pod-labels[0]" has the key "a b"',
    },
    {
      name: "a value of a label",
      presets: own({ "pod-labels": [{ a: true }] }),
      says: '"presets.x.pod-labels[0].a" is true',
    },
    {
      name: "a port beyond",
      presets: own({ port: 65_536 }),
      says: '"presets.x.port" is 65536: it must be a number from 1',
    },
    { name: "a name of no port", presets: own({ port: "web_ui" }), says: '"presets.x.port" is "web_ui"' },
    { name: "a scheme", presets: own({ scheme: "ftp" }), says: "it must be one of http, https" },
    { name: "a path without its slash", presets: own({ path: "x" }), says: '"presets.x.path" is "x"' },
    { name: "an address for a path", presets: own({ path: "/a b" }), says: '"presets.x.path" is "/a b"' },
    {
      name: "what is sent",
      presets: own({ sends: "token" }),
      says: '"presets.x.sends" is "token": it must be one of bearer, headers, nothing',
    },
    {
      name: "a repository with a tag",
      presets: { x: { images: ["a/b:v1"] } },
      says: '"presets.x.images[0]" is "a/b:v1"',
    },
    {
      name: "nothing to ask",
      presets: own({ ready: { status: 200 } }),
      says: '"presets.x.ready.path" is missing',
    },
    {
      name: "no status",
      presets: own({ "perhaps-refusals": [{ path: "/" }] }),
      says: '"presets.x.perhaps-refusals[0].status" is missing',
    },
    {
      name: "a header that kauth decides",
      presets: own({ headers: { Authorization: "x" } }),
      says: '"presets.x.headers": Cannot send the header "Authorization"',
    },
    {
      name: "an unknown placeholder",
      presets: own({ headers: { "X-A": "{{user}}" } }),
      says: '"{{user}}" is none of {{username}}',
    },
    {
      name: "a header in two spellings",
      presets: own({ headers: { "X-A": "1", "x-a": "2" } }),
      says: "it is given twice",
    },
    {
      name: "nothing to find it by",
      presets: { x: { port: 1 } },
      says: '"presets.x" does not say how it is found',
    },
    {
      name: "a port for https that speaks http",
      presets: own({ port: "https", scheme: "http" }),
      says: '"presets.x.port" is "https", and "presets.x.scheme" is http',
      hint: 'Set "presets.x.scheme" to https, or correct the port',
    },
    { name: "the same, unsaid", presets: own({ port: "https-web" }), says: '"presets.x.scheme" is http' },
    { name: "443 that speaks http", presets: own({ port: 443, scheme: "http" }), says: "these contradict" },
    {
      name: "a port for http that speaks https",
      presets: own({ port: "http", scheme: "https" }),
      says: "these contradict",
    },
    { name: "headers without any", presets: own({ sends: "headers" }), says: '"presets.x.sends" is headers' },
    {
      name: "nothing, with headers",
      presets: own({ sends: "nothing", headers: { "X-A": "1" } }),
      says: '"presets.x.sends" is nothing, and there are headers',
    },
    {
      name: "two for one Service",
      presets: { a: { services: ["ui"] }, b: { services: ["ui"] } },
      says: '"presets.a" and "presets.b" are both for the Service "ui"',
    },
    {
      name: "two for one image",
      presets: { a: { images: ["a/ui"] }, b: { images: ["a/ui"] } },
      says: "both for the image",
    },
    {
      name: "more than anybody has",
      presets: Object.fromEntries(Array.from({ length: 101 }, (_value, at) => [`x${at}`, {}])),
      says: '"presets" is a mapping: it must be a mapping of at most 100',
    },
    { name: "contexts that are a list", contexts: [], says: '"contexts" is a list' },
    {
      name: "a colour that there is not",
      contexts: { prod: { color: "pink" } },
      says: '"contexts.prod.color" is "pink": it must be one of red, orange',
    },
    {
      name: "another spelling",
      contexts: { prod: { colour: "red" } },
      says: 'unknown key "contexts.prod.colour"',
      hint: "Did you mean contexts.prod.color?",
    },
    {
      name: "text for a truth",
      contexts: { prod: { production: "true" } },
      says: '"contexts.prod.production" is "true"',
    },
    { name: "a context that is only named", contexts: { prod: null }, says: '"contexts.prod" is empty' },
  ])("$name", async ({ says, hint, ...row }) => {
    const { name: _name, ...blocks } = row;
    await expect(read(blocks)).rejects.toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        exit: 2,
        message: expect.stringContaining(says),
        ...(hint === undefined ? {} : { hint }),
      }),
    );
  });
});
