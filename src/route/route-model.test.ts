import fc from "fast-check";
import { expect, test } from "vitest";
import { endpointOf, sliceOf } from "../../test/memory-cluster.ts";
import { peerOf, routeScene, type Dialling, type Scene } from "../../test/route-scene.ts";
import { KnownError } from "../base/errors.ts";
import type { Route } from "./types.ts";

/** What the test knows of the world: which pods there are, and whether they are ready. */
interface World {
  readonly pods: Map<string, { uid: string; ready: boolean }>;
  /** Every uid that ever had a name. */
  readonly uids: Map<string, Set<string>>;
  away: boolean;
  kubelet: boolean;
  made: number;
}

interface Real {
  readonly scene: Scene;
  readonly route: Route;
  readonly world: World;
  readonly diallings: Dialling[];
  resolving: number;
}

type Step = fc.AsyncCommand<World, Real>;
const NAMES = ["a", "b", "c"] as const;

const show = ({ scene, world }: Real): void => {
  for (const name of NAMES) {
    const pod = world.pods.get(name);
    if (pod === undefined) scene.cluster.store.delete("pods", "apps", name);
    else
      scene.cluster.pod(name, {
        labels: { app: "ui" },
        uid: pod.uid,
        ready: pod.ready ? "True" : "False",
      });
  }
  const endpoints = [...world.pods].map(([name, { ready, uid }]) => endpointOf(name, { ready }, uid));
  scene.cluster.slice("ui-1", "ui", sliceOf(...endpoints));
};

const always = { check: (): boolean => true };

const steps: readonly fc.Arbitrary<Step>[] = [
  fc.constantFrom(...NAMES).map((name) => ({
    ...always,
    toString: () => `a new pod ${name}`,
    run: async (_model, real) => {
      real.world.made += 1;
      const uid = `${name}-${real.world.made}`;
      real.world.pods.set(name, { uid, ready: true });
      real.world.uids.set(name, (real.world.uids.get(name) ?? new Set()).add(uid));
      show(real);
      await real.scene.pass(1);
    },
  })),
  fc.constantFrom(...NAMES).map((name) => ({
    ...always,
    toString: () => `pod ${name} goes`,
    run: async (_model, real) => {
      real.world.pods.delete(name);
      show(real);
      await real.scene.pass(1);
    },
  })),
  fc.tuple(fc.constantFrom(...NAMES), fc.boolean()).map(([name, ready]) => ({
    ...always,
    toString: () => `pod ${name} is ${ready ? "ready" : "not ready"}`,
    run: async (_model, real) => {
      const pod = real.world.pods.get(name);
      if (pod !== undefined) pod.ready = ready;
      show(real);
      await real.scene.pass(1);
    },
  })),
  fc.boolean().map((away) => ({
    ...always,
    toString: () => `the API server is ${away ? "away" : "there"}`,
    run: async (_model, real) => {
      real.world.away = away;
      if (away) real.scene.cluster.cutWatches();
      await real.scene.pass(1);
    },
  })),
  fc.boolean().map((works) => ({
    ...always,
    toString: () => `port-forward ${works ? "works" : "is refused"}`,
    run: async (_model, real) => {
      real.world.kubelet = works;
      await real.scene.pass(1);
    },
  })),
  fc.constant({
    ...always,
    toString: () => "a request",
    run: async (_model: World, real: Real) => {
      real.diallings.push(real.scene.dial(real.route));
      await real.scene.pass(1);
    },
  }),
  fc.integer({ min: 1, max: 20_000 }).map((time) => ({
    ...always,
    toString: () => `${time} ms pass`,
    run: async (_model, real) => {
      const before = real.scene.cluster.calls.length;
      await real.scene.pass(time);
      // Resolving takes four calls, proving and following one each; a try at most each 75 ms.
      expect(real.scene.cluster.calls.length - before).toBeLessThan(20 + (time / 75) * 6);
    },
  })),
  fc.constant({
    ...always,
    toString: () => "the machine sleeps",
    run: async (_model: World, real: Real) => {
      real.scene.time.suspend(3_600_000);
      await real.scene.pass(1_100);
    },
  }),
];

test("C.1: whatever the world does, no stream goes to a uid that was not proven, and a dial succeeds once all is well", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands([...steps], { maxCommands: 25 }), async (commands) => {
      const scene = routeScene();
      const world: World = { pods: new Map(), uids: new Map(), away: false, kubelet: true, made: 0 };
      const { cluster } = scene;
      cluster.service("ui");
      cluster.before.push((call) => {
        if (!world.away) return;
        throw new KnownError("CONNECTION_LOST", `the API server is away: ${call}`);
      });
      scene.forward = (name) =>
        world.kubelet && world.pods.has(name)
          ? { kind: "tunnel" }
          : { kind: "refuse", status: 500, message: "error upgrading connection" };
      const real: Real = { scene, route: scene.route(), world, diallings: [], resolving: 0 };
      try {
        await fc.asyncModelRun(() => ({ model: world, real }), commands);
        world.away = false;
        world.kubelet = true;
        world.made += 1;
        world.pods.clear();
        world.pods.set("a", { uid: `a-${world.made}`, ready: true });
        world.uids.set("a", (world.uids.get("a") ?? new Set()).add(`a-${world.made}`));
        show(real);
        // A watch that the API server was away for is asked for again after half a minute at most.
        await scene.pass(40_000);
        const last = scene.dial(real.route);
        await scene.pass(1_000);
        expect(peerOf(last)).toBe(`a-${world.made}/cri://1#0`);
        for (const dialling of real.diallings) {
          const result = dialling.result();
          // None is left waiting, and each stream is of a pod that there was.
          expect(result).toBeDefined();
          if (result === undefined || result instanceof Error) continue;
          const uid = result.peer.split("/")[0] ?? "";
          expect([...world.uids.values()].some((known) => known.has(uid))).toBe(true);
        }
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 60 },
  );
});
