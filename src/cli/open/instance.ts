import { join } from "node:path";
import type { Socket } from "node:net";
import { messageOf } from "../../base/errors.ts";
import { places } from "../../base/places.ts";
import { listenPrivately } from "../../base/private-socket.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import { answerLine, readQuestion, type OpenQuestion, type Way, type Who } from "./instance-words.ts";
import { readLine, type LineLimits } from "./one-line.ts";

/** Of the runtime directory; only its owner may look into it. */
export const INSTANCES = "instances";

/** The process id, for people, and chance, so that no name comes twice. */
const NAME = /^\d{1,10}-[0-9a-f]{8}$/;
/** The same before it listens; a crash just then leaves it behind. */
const DRAFT = /^\d{1,10}-[0-9a-f]{8}\.new$/;

/** Whether it may have been left by a kauth that has ended. */
export const isInstanceName = (name: string, drafts: "too" | "not"): boolean =>
  NAME.test(name) || (drafts === "too" && DRAFT.test(name));

/** 64 hashes have 4 KiB. Both sides run on one machine, and say all they have at once. */
export const LINE_LIMITS: LineLimits = { bytes: KiB(16), time: millis(2_000) };

/** At one moment; each is done in milliseconds. */
const MOST = 16;

/** What a running kauth tells others of the same user. */
export interface InstanceView {
  readonly who: () => Who;
  /** A fresh link or launch file for these targets. Undefined: they are not all served here. */
  readonly open: (asked: OpenQuestion) => Promise<Way | undefined>;
}

/** Where the sockets are. */
export const instancesIn = (system: System): string => join(places(system).runtime, INSTANCES);

/**
 * Answers other kauths of the same user on a private socket, until it is disposed of. Without one all else works, so
 * that nothing here fails.
 */
export async function answerOthers(system: System, view: InstanceView): Promise<AsyncDisposable> {
  const none: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };
  // There the barrier would have to be another one than a mode.
  if (system.platform === "win32") return none;
  const path = join(instancesIn(system), `${system.pid}-${system.random(4).toString("hex")}`);
  try {
    return await listenPrivately(path, (socket) => void answer(socket, view, system), system, { most: MOST });
  } catch (error) {
    system.log.verbose(1, `Another kauth will not find this one: ${messageOf(error)}`);
    return none;
  }
}

const answer = async (socket: Socket, view: InstanceView, system: System): Promise<void> => {
  socket.on("error", () => socket.destroy());
  const line = await readLine(socket, LINE_LIMITS);
  const question = line === undefined ? undefined : readQuestion(line);
  if (question === undefined) {
    socket.destroy();
    return;
  }
  try {
    const open = "open" in question ? await view.open(question.open) : undefined;
    // Whoever does not take it must not keep it.
    socket.setTimeout(LINE_LIMITS.time, () => socket.destroy());
    socket.end(answerLine({ ...view.who(), open }));
  } catch (error) {
    system.log.verbose(1, `Another kauth got no answer: ${messageOf(error)}`);
    socket.destroy();
  }
};
