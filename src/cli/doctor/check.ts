import type { Connection, Identity as Person } from "../../api/index.ts";
import { isKnownError, type KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";
import type { Credential, CredentialSource, ExecOptions } from "../../credentials/index.ts";
import type { ClientConfig, Kubeconfig } from "../../kubeconfig/index.ts";
import type { Backend, TargetReference } from "../../route/index.ts";
import type { Invocation } from "../command.ts";
import { oneLine } from "../output.ts";
import { UNTRIED, type Finding, type Note } from "./finding.ts";

/** What a check may use of the command, beside what earlier checks have learned. */
export interface Scene {
  readonly invocation: Invocation;
  readonly system: System;
  readonly signal: AbortSignal;
  readonly target: TargetReference | undefined;
  /** Closes it at the end of the command. */
  readonly own: <T extends AsyncDisposable>(resource: T) => T;
}

/** What checks find out for later ones. A check that needs what nobody has learned is not tried. */
export interface Learned {
  readonly kubeconfig: Kubeconfig;
  /** The context is there. */
  readonly context: true;
  readonly config: ClientConfig;
  readonly plugins: ExecOptions;
  readonly source: CredentialSource;
  readonly credential: Credential;
  /** A connection can be made, and the certificate is to be trusted. */
  readonly reachable: true;
  readonly connection: Connection;
  /** e.g. `1.35`, where the server tells. */
  readonly version: string | undefined;
  /** What the server's clock said, and ours in the middle of the exchange. */
  readonly clocks: { readonly theirs: EpochMillis; readonly ours: EpochMillis } | undefined;
  /** The credential was accepted; undefined where the cluster does not say whose it is. */
  readonly person: Person | undefined;
  readonly namespace: string;
  /** Rights that are missing, by their id. */
  readonly missing: ReadonlySet<string>;
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly backend: Backend;
  /** At least one carrier works. */
  readonly forwards: true;
}

/** `L` is what checks of one doctor can learn. */
export interface Outcome<L = Learned> {
  readonly notes: readonly Note[];
  readonly learned?: Partial<L>;
}

export interface Check<S = Scene, L = Learned> {
  readonly id: string;
  readonly subject: string;
  readonly needs: readonly (keyof L)[];
  /** False: it is left out. Default true. */
  readonly applies?: ((scene: S) => boolean) | undefined;
  readonly run: (scene: S, learned: Partial<L>) => Promise<Outcome<L>>;
}

export interface CheckOf<S, L, Need extends keyof L> {
  readonly id: string;
  readonly subject: string;
  readonly needs: readonly Need[];
  readonly applies?: Check<S, L>["applies"];
  readonly run: (scene: S, learned: Pick<L, Need> & Partial<L>) => Outcome<L> | Promise<Outcome<L>>;
}

/** A check as data, for one kind of scene. It is run only when all that it needs is known. */
export const checkOf =
  <S, L>() =>
  <Need extends keyof L = never>(what: CheckOf<S, L, Need>): Check<S, L> => ({
    ...what,
    run: async (scene, learned) => await what.run(scene, learned as Pick<L, Need> & Partial<L>),
  });

export const check = checkOf<Scene, Learned>();

export interface Report<L = Learned> {
  readonly findings: readonly Finding[];
  readonly learned: Partial<L>;
}

/** All checks in turn. `tell` hears of each finding as it comes. @throws what is no KnownError, and the signal's reason */
export async function runChecks<S extends { readonly signal: AbortSignal }, L>(
  checks: readonly Check<S, L>[],
  scene: S,
  tell: (finding: Finding) => void,
): Promise<Report<L>> {
  const findings: Finding[] = [];
  let learned: Partial<L> = {};
  for (const each of checks) {
    scene.signal.throwIfAborted();
    const outcome = await outcomeOf(each, scene, learned);
    learned = { ...learned, ...outcome.learned };
    for (const note of outcome.notes) {
      const lines = {
        found: oneLine(note.found),
        ...(note.next === undefined ? {} : { next: oneLine(note.next) }),
      };
      const finding = { id: each.id, subject: each.subject, ...note, ...lines };
      findings.push(finding);
      tell(finding);
    }
  }
  return { findings, learned };
}

const outcomeOf = async <S extends { readonly signal: AbortSignal }, L>(
  one: Check<S, L>,
  scene: S,
  learned: Partial<L>,
): Promise<Outcome<L>> => {
  if (one.applies?.(scene) === false) return { notes: [] };
  if (one.needs.some((need) => !(need in learned))) return { notes: [UNTRIED] };
  try {
    return await one.run(scene, learned);
  } catch (error) {
    scene.signal.throwIfAborted();
    if (!isKnownError(error)) throw error;
    return { notes: [badNote(error)] };
  }
};

export const badNote = (error: KnownError): Note => ({
  state: "bad",
  found: `${error.message} [${error.code}]`,
  next: error.hint,
});
