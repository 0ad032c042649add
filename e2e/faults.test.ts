import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { untilReady } from "./disturb.ts";
import { open, type Opened } from "../test/opened.ts";
import { openKit, overCarrier, type Kit } from "./kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

/** Asks until the app answers as alice, from a pod other than `not`. The process has to stay the same one all along. */
const until = async (ui: Opened, limit: number, not?: string): Promise<string> => {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await ui.fetch({ path: "/api/me" }).catch(() => undefined);
    if (answer?.status === 200) {
      const me = JSON.parse(answer.text) as { user: string; podName: string };
      expect(me.user).toBe("alice");
      // A container that is being ended may still answer what is on its way.
      if (me.podName !== not) return me.podName;
    }
    expect(ui.child.exitCode, ui.stderr()).toBeNull();
    if (performance.now() > end) throw new Error(`not back after ${limit} ms: ${ui.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

beforeEach(async () => {
  // The fault before may not be over for the pods.
  await untilReady(kit, "ui", 2);
});

describe("no single fault ends the process", () => {
  test.each(["spdy", "websocket"])("the pod is deleted (%s)", async (carrier) => {
    await using ui = await open(overCarrier(kit, carrier));
    const before = await until(ui, 10_000);
    await kit.fault("kill-pod", before);
    await until(ui, 60_000, before);
  });

  test.each(["spdy", "websocket"])("the kubelet restarts (%s)", async (carrier) => {
    await using ui = await open(overCarrier(kit, carrier));
    await until(ui, 10_000);
    await kit.fault("restart-kubelet");
    await until(ui, 60_000);
  });

  test("the app resets a connection", async () => {
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("alice-token")]);
    for (const how of ["rst", "fin", "none"]) {
      const answer = await ui.fetch({ path: `/reset?how=${how}` }).catch((error: Error) => error);
      if (!(answer instanceof Error)) expect(answer.status).toBe(502);
      await until(ui, 10_000);
    }
  });

  test("SIGTERM ends it with 0, a request in flight is answered first", async () => {
    const ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("alice-token")]);
    const slow = ui.fetch({ path: "/slow?ms=1500" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = ui.stop();
    expect((await slow).status).toBe(200);
    expect(await ended).toBe(0);
  });
});
