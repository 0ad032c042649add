import { request } from "node:http";
import { FAULTS } from "../e2e/disturb.ts";
import { openKit } from "../e2e/kit.ts";
import { load, tallyText, type LoadTo } from "../e2e/load.ts";
import { testCluster } from "../tools/test-cluster.ts";
import { kubectlForward, NODE_PROGRAM } from "./contender.ts";

/**
 * The same load and the same faults for `kauth open` and for `kubectl port-forward`: 50 requests a second, their bodies
 * compared. Set `KAUTH_E2E_CLUSTER`; nothing else may use that cluster meanwhile.
 */
process.env["KAUTH_E2E_CLUSTER"] ??= testCluster(process.env);
process.env["KAUTH_PROGRAM"] ??= NODE_PROGRAM.at(-1) ?? "";
const kit = await openKit();
const { open } = await import("../test/opened.ts");
const place = {
  kubectl: kit.kubectl,
  kubeconfig: kit.kubeconfig("alice-token"),
  namespace: "apps",
  service: "ui",
};

interface Tool extends AsyncDisposable {
  readonly name: string;
  readonly to: LoadTo;
}

const makers: readonly (() => Promise<Tool>)[] = [
  async () => {
    const ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", place.kubeconfig]);
    return {
      name: "kauth open",
      to: { port: ui.port, host: ui.origin.host, headers: { "x-kauth-token": ui.token } },
      [Symbol.asyncDispose]: async () => await ui[Symbol.asyncDispose](),
    };
  },
  async () => {
    const forward = await kubectlForward(place);
    const host = `${forward.host}:${forward.port}`;
    return {
      name: "kubectl port-forward",
      // It adds no identity; the app needs one to say which pod it is.
      to: { port: forward.port, host, headers: { authorization: "Bearer kauth-test-token-alice" } },
      [Symbol.asyncDispose]: async () => await forward[Symbol.asyncDispose](),
    };
  },
];

/** Which pod answers; undefined where none does. */
const podOf = async ({ port, host, headers }: LoadTo): Promise<string | undefined> =>
  await new Promise((resolve) => {
    const asked = request(
      { host: "127.0.0.1", port, path: "/api/me", agent: false, headers: { host, ...headers } },
      (response) => {
        let text = "";
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.once("error", () => resolve(undefined));
        response.once("end", () => resolve(/"podName":\s*"([^"]+)"/.exec(text)?.[1]));
      },
    );
    asked.once("error", () => resolve(undefined));
    asked.end();
  });

process.stdout.write("kauthproxy is not on PATH: not measured\n");
process.stdout.write("| tool, fault | sent | answered | wrong | lost | longest gap | how |\n");
process.stdout.write("| --- | --- | --- | --- | --- | --- | --- |\n");
const only = process.argv[2] ?? "";
for (const [name, fault] of Object.entries(FAULTS).filter(([each]) => each.startsWith(only)))
  for (const make of makers) {
    await using tool = await make();
    let current: string | undefined;
    let over = false;
    const watching = (async (): Promise<void> => {
      while (!over) {
        current = await podOf(tool.to);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    })();
    const until = (async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await fault(kit, () => current);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    })();
    const tally = await load(tool.to, { rate: 50, least: name.startsWith("pods") ? 1_000 : 500, until });
    over = true;
    await watching;
    process.stdout.write(`${tallyText(`${tool.name}, ${name}`, tally)}\n`);
  }
