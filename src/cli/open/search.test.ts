import { describe, expect, test } from "vitest";
import { hasControls } from "../../base/terminal.ts";
import { clock } from "../../tunnel/far-end.test-d.ts";
import { labelled, servicesOnly, TABLE, type Services } from "../../../test/find-scene.ts";
import { jsonText } from "../output.ts";
import { parseLine, resolveOptions } from "../options.ts";
import { openCommand } from "../commands/open.ts";
import { tableOf } from "./choose.ts";
import { commandOf, quoted } from "./command-line.ts";
import { choiceOf, documentOf, notesOf } from "./found.ts";
import { searchUis, type SearchResult } from "./search.ts";

const search = async (world: Services): Promise<SearchResult> =>
  await searchUis({
    connection: servicesOnly(world).connection,
    system: clock().system,
    namespace: "apps",
    table: TABLE,
    signal: new AbortController().signal,
  });

const WORLD: Services = {
  apps: { ui: {} },
  headlamp: { headlamp: { labels: labelled("headlamp") } },
  monitoring: {
    "prometheus-k8s": {
      labels: labelled("prometheus"),
      ports: [
        { name: "web", port: 9090 },
        { name: "reloader-web", port: 8080 },
      ],
    },
  },
  "kubernetes-dashboard": {
    odd: {
      labels: labelled("dashboard-2"),
      ports: [
        { name: "a\u001b[2J", port: 1 },
        { name: "b", port: 2 },
      ],
    },
  },
};

describe("what is found, and how it would be opened", () => {
  test("as lines", async () => {
    const { found } = await search(WORLD);
    expect(tableOf(found.map((each) => choiceOf(each, false)))).toMatchInlineSnapshot(`
      [
        "Headlamp                headlamp/headlamp:80            the pod gets nothing",
        "Kubernetes Dashboard 2  kubernetes-dashboard/odd        its port has to be named; the pod gets your token",
        "Prometheus              monitoring/prometheus-k8s:9090  the pod gets nothing",
      ]
    `);
  });

  test("who has no token sees which want one", async () => {
    const { found } = await search(WORLD);
    expect(found.map((each) => choiceOf(each, true).how)).toEqual([
      "the pod gets nothing",
      "its port has to be named; it wants a token, and you have none",
      "the pod gets nothing",
    ]);
  });

  test("as a document for programs", async () => {
    const result = await search(WORLD);
    expect(documentOf(result, ({ service }) => `open ${service}`)).toMatchInlineSnapshot(`
      {
        "notSearched": [
          {
            "code": "FORBIDDEN",
            "message": "Cannot list services in namespace "kube-system": you lack the right (403): forbidden",
            "namespace": "kube-system",
            "state": "denied",
          },
          {
            "code": "FORBIDDEN",
            "message": "Cannot list services: you lack the right (403): forbidden",
            "namespace": undefined,
            "state": "denied",
          },
        ],
        "uis": [
          {
            "command": "open headlamp",
            "id": "headlamp",
            "leg": "direct",
            "name": "Headlamp",
            "namespace": "headlamp",
            "port": 80,
            "sends": "bearer",
            "target": "svc/headlamp",
          },
          {
            "command": "open odd",
            "id": "dashboard-2",
            "leg": "pod",
            "name": "Kubernetes Dashboard 2",
            "namespace": "kubernetes-dashboard",
            "port": undefined,
            "sends": "bearer",
            "target": "svc/odd",
          },
          {
            "command": "open prometheus-k8s",
            "id": "prometheus",
            "leg": "pod",
            "name": "Prometheus",
            "namespace": "monitoring",
            "port": 9090,
            "sends": "nothing",
            "target": "svc/prometheus-k8s:9090",
          },
        ],
      }
    `);
  });

  test("no text of the cluster moves a cursor", async () => {
    const result = await search(WORLD);
    const lines = [
      ...tableOf(result.found.map((each) => choiceOf(each, false))),
      ...notesOf(result),
      jsonText(documentOf(result, () => "")),
    ];
    expect(lines.some((line) => hasControls(line))).toBe(false);
  });

  test("what was not looked at is said in a line", async () => {
    expect(notesOf(await search({ apps: {} }))).toEqual([
      "You may not list Services in headlamp, kube-system, kubernetes-dashboard, monitoring, nor in all namespaces at once",
    ]);
    expect(notesOf(await search({ "*": {}, apps: {} }))).toEqual([]);
  });
});

describe("the command of a line", () => {
  const command = async (args: readonly string[], program = "kauth"): Promise<string> => {
    const { found } = await search({ apps: { "my-ui": { labels: labelled("headlamp") } } });
    const [first] = found;
    if (first === undefined) throw new Error("nothing was found");
    const options = resolveOptions(openCommand, parseLine(args, openCommand.options), {
      env: {},
      config: new Map(),
    });
    return commandOf({ options, program }, openCommand.options, first);
  };

  test.each([
    [[], "kauth open svc/my-ui -n apps"],
    [["-n", "other"], "kauth open svc/my-ui -n apps"],
    [
      ["--context", "my prod", "--as-group", "a", "--as-group", "b'c"],
      `kauth open svc/my-ui -n apps --context 'my prod' --as-group a --as-group 'b'\\''c'`,
    ],
    [["--leg", "pod", "--anonymous"], "kauth open svc/my-ui -n apps --anonymous --leg pod"],
    [["--token", "secret-canary"], "kauth open svc/my-ui -n apps --token …"],
    [["-o", "json"], "kauth open svc/my-ui -n apps"],
  ])("%j", async (args, wanted) => {
    expect(await command(args)).toBe(wanted);
  });

  test("under the name of kubectl's plugin", async () => {
    expect(await command([], "kubectl-auth_proxy")).toBe("kubectl auth-proxy svc/my-ui -n apps");
  });

  test("a word is quoted where a shell would read it otherwise", () => {
    expect(["a-b/c:1", "a b", "$x", "", "a;b"].map(quoted)).toEqual([
      "a-b/c:1",
      "'a b'",
      "'$x'",
      "''",
      "'a;b'",
    ]);
  });
});
