import { expect } from "vitest";
import type { Scene } from "./scene.ts";
import { KAUTH, type Ended } from "./target.ts";

/** The options of get-token, for a command of kauth's own about the same entry. */
export const sameEntry = (made: Scene, ...more: readonly string[]): readonly string[] =>
  made.args(...more).filter((word) => word !== "get-token");

/** The same for a command that keeps no tokens. */
export const sameProvider = (made: Scene, ...more: readonly string[]): readonly string[] =>
  sameEntry(made, ...more).filter((word) => !word.startsWith("--token-cache-dir"));

/** `kauth oidc …`, which other programs do not have. */
export const kauthOidc = async (made: Scene, ...words: readonly string[]): Promise<Ended> =>
  await made.run(["oidc", ...words], { command: KAUTH });

export const jsonOf = (ended: Ended): Record<string, unknown> => {
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ended.stdout) as Record<string, unknown>;
};
