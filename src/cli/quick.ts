import { join } from "node:path";
import type { Log } from "../base/log.ts";
import { places } from "../base/places.ts";
import type { System } from "../base/system.ts";

/** Whether there is a config.yaml, whose settings count too. */
export const isConfigured = async (system: System): Promise<boolean> => {
  if ((system.env["KAUTH_CONFIG"] ?? "") !== "") return true;
  return (await system.files.nameFacts(join(places(system).config, "config.yaml"))) !== undefined;
};

/** For what is tried without the rest of the program: what is said is kept until it is known that there is an answer. */
export const holding = (log: Log, held: (() => void)[]): Log => ({
  ...log,
  out: (text) => void held.push(() => log.out(text)),
  say: (text) => void held.push(() => log.say(text)),
  warn: (text) => void held.push(() => log.warn(text)),
  show: (text) => void held.push(() => log.show(text)),
});
