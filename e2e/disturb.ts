import type { Kit } from "./kit.ts";

const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
}

export const podsOf = async (kit: Kit, app: string): Promise<readonly PodFacts[]> => {
  const text = await kit.admin("get", "pods", "-n", "apps", "-l", `app=${app}`, "-o", "json");
  const { items } = JSON.parse(text) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
      readonly status: {
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
      };
    }[];
  };
  return items.map(({ metadata, status }) => ({
    name: metadata.name,
    uid: metadata.uid,
    ready:
      metadata.deletionTimestamp === undefined &&
      status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true,
  }));
};

/** A kubelet that has just started holds its pods for not ready for a moment. */
export const untilReady = async (kit: Kit, app: string, count: number): Promise<readonly PodFacts[]> => {
  for (;;) {
    const pods = await podsOf(kit, app);
    if (pods.filter(({ ready }) => ready).length >= count) return pods;
    await pause(200);
  }
};

/** Name of the pod that answers at the moment; undefined where nobody knows. */
export type InUse = () => string | undefined;

/** Deletes the pods of `ui` one after another, each when the others are ready, and always the one in use. */
const deletePods = async (kit: Kit, count: number, inUse: InUse): Promise<readonly string[]> => {
  const gone: string[] = [];
  while (gone.length < count) {
    const pods = await untilReady(kit, "ui", 2);
    const fit = pods.filter(({ uid, ready }) => ready && !gone.includes(uid));
    const used = inUse();
    const victim = used === undefined ? fit[0] : fit.find((pod) => pod.name === used);
    if (victim === undefined) {
      await pause(100);
      continue;
    }
    await kit.admin("delete", "pod", victim.name, "-n", "apps", "--wait=false");
    gone.push(victim.uid);
    await pause(500);
  }
  await untilReady(kit, "ui", 2);
  return gone;
};

/** Every fault that a UI which is open all day meets, by name; each resolves when the cluster is well again. */
export const FAULTS: Readonly<Record<string, (kit: Kit, inUse: InUse) => Promise<void>>> = {
  "pods deleted one after another": async (kit, inUse) => void (await deletePods(kit, 5, inUse)),
  "Deployment rolled": async (kit) => {
    await kit.admin("rollout", "restart", "deployment/ui", "-n", "apps");
    await kit.admin("rollout", "status", "deployment/ui", "-n", "apps", "--timeout=120s");
  },
  "kubelet restarted": async (kit) => {
    await kit.fault("restart-kubelet");
    await untilReady(kit, "ui", 2);
  },
  "containerd killed": async (kit) => {
    await kit.fault("drop-containerd");
    await untilReady(kit, "ui", 2);
  },
  "API server restarted": async (kit) => await kit.fault("restart-apiserver"),
  "API server paused for 8 s": async (kit) => await kit.fault("pause-apiserver", "8"),
};
