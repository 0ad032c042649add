import { request } from "node:http";
import { WebSocket } from "ws";
import type { Opened } from "../test/opened.ts";

/** What a client of a watch has seen of the objects in its view. */
export interface Seen {
  /** "TYPE NAME" in order, over all watches; what a list told is not in it. */
  readonly events: string[];
  /** Each list but the first: after how many events, and the names in it. */
  readonly lists: { readonly after: number; readonly names: readonly string[] }[];
  /** How a watch ended that had to go on; undefined where none did. */
  ended: string | undefined;
  close(): void;
}

/** Opens a watch from a version on. */
export type Way = (ui: Opened, path: string, note: Note) => Promise<() => void>;

interface Note {
  event(text: string): void;
  ended(why: string): void;
}

export const bySocket: Way = async (ui, path, note) => {
  const socket = new WebSocket(`ws://127.0.0.1:${ui.port}${path}`, ["base64.binary.k8s.io"], {
    headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
  });
  socket.on("message", (data: Buffer) => note.event(data.toString()));
  socket.on("close", (code, reason) => note.ended(`${code} ${reason.toString()}`));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return () => socket.terminate();
};

export const byLines: Way = async (ui, path, note) =>
  await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port: ui.port,
        agent: false,
        path,
        headers: { host: ui.origin.host, "x-kauth-token": ui.token },
      },
      (response) => {
        let rest = "";
        response.on("data", (part: Buffer) => {
          const lines = (rest + part.toString()).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) if (line !== "") note.event(line);
        });
        response.once("error", (error) => note.ended(error.message));
        response.once("end", () => note.ended("end"));
        resolve(() => asked.destroy());
      },
    );
    asked.once("error", reject);
    asked.end();
  });

interface Event {
  readonly type: string;
  readonly object: { readonly metadata?: { readonly name?: string }; readonly code?: number };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/**
 * Lists and watches as every client of Kubernetes does: on 410 it lists anew and goes on from there. Any other end is
 * noted, and ends it. `path` has a query.
 */
export async function follow(ui: Opened, path: string, way: Way): Promise<Seen> {
  let stop = (): void => undefined;
  let over = false;
  const seen: Seen = {
    events: [],
    lists: [],
    ended: undefined,
    close: () => {
      over = true;
      stop();
    },
  };
  const list = async (): Promise<List> => {
    for (;;) {
      const { status, text } = await ui.fetch({ path });
      if (status === 200) return JSON.parse(text) as List;
      // An API server that has just started may not know all rights yet.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const watch = async (version: string): Promise<void> => {
    let done = false;
    const end = (why: string): void => {
      if (done || over) return;
      done = true;
      seen.ended = why;
    };
    const event = (text: string): void => {
      if (done || over) return;
      const { type, object } = JSON.parse(text) as Event;
      if (type === "ERROR" && object.code === 410) {
        done = true;
        void again().catch((error: unknown) => (seen.ended = String(error)));
      } else if (type !== "BOOKMARK") {
        seen.events.push(`${type} ${object.metadata?.name ?? object.code ?? ""}`);
      }
    };
    stop = await way(ui, `${path}&watch=1&resourceVersion=${version}`, { event, ended: end });
  };
  const again = async (): Promise<void> => {
    stop();
    const { metadata, items } = await list();
    seen.lists.push({ after: seen.events.length, names: items.map((item) => item.metadata.name) });
    await watch(metadata.resourceVersion);
  };
  await watch((await list()).metadata.resourceVersion);
  return seen;
}
