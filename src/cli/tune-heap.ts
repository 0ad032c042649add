import * as v8 from "node:v8";
import type { System } from "../base/system.ts";

/**
 * For what serves for hours. V8's young generation stays at the megabyte that it starts with: under steady load it
 * grows to 100 MiB within minutes and gives nothing back, and what sockets read waits there for its collection, while
 * all that a request makes is dead as soon as it is answered. The old generation is looked through when it is nearly
 * full: V8 may else do so every 100 ms while much is read, which takes a third of all time. To be called before much is
 * made; runtimes other than Node know no such settings.
 */
export const tuneHeap = ({ runtime }: System): void => {
  if (!runtime.startsWith("Node")) return;
  v8.setFlagsFromString("--semi-space-growth-factor=1");
  v8.setFlagsFromString("--incremental-marking-soft-trigger=90");
};
