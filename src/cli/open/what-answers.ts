import { isKnownError, KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import { askSite, type Site } from "../../proxy/index.ts";
import { targetText, type TargetReference } from "../../route/index.ts";
import { checkReady, type Preset } from "../../ui/index.ts";

export interface Answers {
  readonly site: Site;
  readonly system: System;
  readonly reference: TargetReference;
  readonly namespace: string;
  /** What it is by all that is known; undefined: nobody knows. */
  readonly preset: Preset | undefined;
  /** It was found by a label that anybody may have written, and its pod would get something of the person. */
  readonly unproven: boolean;
  readonly signal: AbortSignal;
}

/** A page with the name of the UI in it is some KiB, and what says that it is ready less. */
const MOST = KiB(256);
const PATIENCE = millis(10_000);
const LIMIT = millis(5_000);

/**
 * Looks whether what was found as a UI is one. Where a label is all that says so it gets nothing of a person before
 * that; one that has both the name and the place that the UI is always installed by is opened, and a difference told.
 * One that does not answer, or says that it is not well, is no other one: the pages say that.
 * @throws {KnownError} UI_MISMATCH
 */
export async function checkAnswers(answers: Answers): Promise<void> {
  const { unproven, system } = answers;
  if (unproven) {
    await look(answers);
    return;
  }
  // Worth a word, and no wait.
  look(answers).catch((error: unknown) => (isKnownError(error) ? system.log.warn(error.message) : undefined));
}

const look = async ({ site, system, signal, preset, reference, namespace }: Answers): Promise<void> => {
  if (preset?.ready === undefined) return;
  let found: Awaited<ReturnType<typeof askSite>>;
  try {
    found = await askSite(site, system, {
      path: preset.ready.path,
      most: MOST,
      patience: PATIENCE,
      limit: LIMIT,
      signal,
    });
  } catch (error) {
    system.log.verbose(1, `Asking for ${preset.ready.path}: ${messageOf(error)}`);
    return;
  }
  if (found.status >= 500) return;
  const target = targetText(reference);
  try {
    checkReady(preset, found.status, found.body ?? "", `${target} in ${namespace}`);
  } catch (error) {
    if (!isKnownError(error)) throw error;
    throw new KnownError("UI_MISMATCH", error.message, {
      hint: `Correct its label, or name the Service, which is then opened whatever it is: ${target} -n ${namespace}`,
    });
  }
};
