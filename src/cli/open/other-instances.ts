import { join } from "node:path";
import { dialPrivately } from "../../base/private-socket.ts";
import type { System } from "../../base/system.ts";
import { instancesIn, isInstanceName, LINE_LIMITS } from "./instance.ts";
import { questionLine, readAnswer, type Answer, type Question } from "./instance-words.ts";
import { readLine } from "./one-line.ts";

/** Of one person; whoever has more leaves the others unasked. */
const MOST = 256;

const sockets = async (system: System, drafts: "too" | "not"): Promise<readonly string[]> => {
  const directory = instancesIn(system);
  const names = await system.files.list(directory).catch((): readonly string[] => []);
  return names
    .filter((name) => isInstanceName(name, drafts))
    .slice(0, MOST)
    .map((name) => join(directory, name));
};

/** Asks every running kauth of this user, all at once. What a dead one has left is taken away. */
export async function askOthers(system: System, question: Question): Promise<readonly Answer[]> {
  const answers = await Promise.all(
    (await sockets(system, "not")).map(async (path) => await ask(system, path, question)),
  );
  return answers.filter((each) => each !== undefined);
}

const ask = async (system: System, path: string, question: Question): Promise<Answer | undefined> => {
  const socket = await dialPrivately(path, system, LINE_LIMITS.time);
  if (socket === "dead") await system.files.remove(path).catch((): void => undefined);
  if (socket === undefined || socket === "dead") return undefined;
  try {
    const line = readLine(socket, LINE_LIMITS);
    socket.write(questionLine(question));
    return readAnswer((await line) ?? "");
  } finally {
    socket.destroy();
  }
};

/** Sockets that nobody listens on any more, and whether somebody listens on another. */
export async function deadSockets(
  system: System,
): Promise<{ readonly dead: readonly string[]; readonly alive: boolean }> {
  const all = await Promise.all(
    (await sockets(system, "too")).map(async (path) => {
      const socket = await dialPrivately(path, system, LINE_LIMITS.time);
      if (socket === "dead") return path;
      socket?.destroy();
      return undefined;
    }),
  );
  const dead = all.filter((path) => path !== undefined);
  return { dead, alive: dead.length < all.length };
}
