import { listObjects } from "../../api/index.ts";
import { isKnownError } from "../../base/errors.ts";
import { resolveBackend, targetText } from "../../route/index.ts";
import { probeCarrier } from "../../tunnel/index.ts";
import { badNote, check } from "./check.ts";
import { UNTRIED, type Note } from "./finding.ts";

/** The pod and port behind TARGET, as `kauth open` finds them; without one, any pod to try a port-forward on. */
export const targetCheck = check({
  id: "target",
  subject: "target",
  needs: ["connection", "person", "namespace"],
  run: async ({ system, signal, target }, { connection, namespace }) => {
    if (target === undefined) {
      const name = await anyPod();
      return {
        ...(name === undefined ? {} : { learned: { pod: { namespace, name } } }),
        notes: [{ state: "none", found: "no TARGET was named, so no UI is looked at" }],
      };
    }
    const backend = await resolveBackend({
      connection,
      namespace,
      reference: target,
      signal,
      random: () => system.random(4).readUInt32BE() / 2 ** 32,
    });
    const { pod, port, scheme, image } = backend;
    return {
      learned: { backend, pod: { namespace: backend.namespace, name: pod } },
      notes: [
        {
          state: "ok",
          found: `${targetText(target)} is pod ${pod}, port ${port} (${scheme})${image === undefined ? "" : `, image ${image}`}`,
        },
      ],
    };

    async function anyPod(): Promise<string | undefined> {
      try {
        const { items } = await listObjects(connection, "pods", { namespace, signal });
        return items.find(
          (pod) => pod.status.phase === "Running" && pod.metadata.deletionTimestamp === undefined,
        )?.metadata.name;
      } catch (error) {
        // The rights have been told already.
        if (isKnownError(error, "FORBIDDEN")) return undefined;
        throw error;
      }
    }
  },
});

const CARRIERS = [
  { carrier: "spdy", subject: "SPDY", other: "websocket" },
  { carrier: "websocket", subject: "WebSocket", other: "spdy" },
] as const;

/** Both ways to carry a port-forward. One is enough. */
export const carriersCheck = check({
  id: "carriers",
  subject: "port-forward",
  needs: ["connection", "person", "namespace"],
  run: async ({ system, signal, target }, { connection, pod, namespace }) => {
    if (pod === undefined)
      return {
        notes: [
          target === undefined
            ? { state: "none", found: `there is no running pod in namespace "${namespace}" to try it on` }
            : UNTRIED,
        ],
      };
    const tried = [];
    for (const each of CARRIERS)
      tried.push({
        ...each,
        error: await probeCarrier(connection, pod, { system, carrier: each.carrier, signal }),
      });
    const works = tried.some(({ error }) => error === undefined);
    const notes = tried.map(({ carrier, subject, other, error }): Note => {
      const name = { id: `carriers/${carrier}`, subject };
      if (error === undefined)
        return { ...name, state: "ok", found: `a port-forward to pod ${pod.name} can be had` };
      if (!works) return { ...name, ...badNote(error) };
      return {
        ...name,
        ...badNote(error),
        state: "warning",
        next: `Nothing has to be done: kauth open uses the other one; --tunnel ${other} spares it the try`,
      };
    });
    return { ...(works ? { learned: { forwards: true } } : {}), notes };
  },
});
