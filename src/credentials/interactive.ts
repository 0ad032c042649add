import { KnownError } from "../base/errors.ts";

export interface Terminal {
  readonly stdinIsTerminal: boolean;
  /** Why standard input may not be given away now, "" without words; undefined when it may. */
  readonly taken: string | undefined;
}

const CANNOT_ASK = "getting credentials: exec plugin cannot support interactive mode";

const refusal = (why: string): KnownError => new KnownError("EXEC_NOT_INTERACTIVE", `${CANNOT_ASK}: ${why}`);

/** `spec.interactive` (credentials.md §2.1); the texts are client-go's. @throws {KnownError} EXEC_NOT_INTERACTIVE */
export const chooseInteractive = (mode: string, { stdinIsTerminal, taken }: Terminal): boolean => {
  switch (mode) {
    case "Never":
      return false;
    case "IfAvailable":
      return stdinIsTerminal && taken === undefined;
    case "Always":
      if (!stdinIsTerminal) throw refusal("standard input is not a terminal");
      if (taken !== undefined)
        throw refusal(`standard input is unavailable${taken === "" ? "" : `: ${taken}`}`);
      return true;
    default:
      throw refusal(`unknown interactiveMode: ${JSON.stringify(mode)}`);
  }
};
