import type { System } from "../base/system.ts";
import { isWithin, millis, type EpochMillis, type Millis } from "../base/units.ts";

/** client-go's words for a plugin that is not installed (credentials.md §2.2). */
const NOT_INSTALLED = [
  "It looks like you are trying to use a client-go credential plugin that is not installed.",
  "",
  "To learn more about this feature, consult the documentation available at:",
  "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
].join("\n");

export interface HintLimit {
  /** So often within `window`. Default 10. */
  readonly times?: number;
  /** Default an hour. It begins with the first hint. */
  readonly window?: Millis;
}

/** What follows "not found": the advice and the kubeconfig's own hint, or "" when it was said often enough. */
export function installHints(
  hint: string | undefined,
  system: Pick<System, "now">,
  { times = 10, window = millis(3_600_000) }: HintLimit = {},
): () => string {
  let begin: EpochMillis | undefined;
  let said = 0;
  return () => {
    const now = system.now();
    if (begin === undefined || !isWithin(window, begin, now)) {
      begin = now;
      said = 0;
    }
    if (said >= times) return "";
    said += 1;
    return `\n\n${NOT_INSTALLED}${hint === undefined ? "" : `\n\n${plain(hint)}`}`;
  };
}

/** Only letters, marks, numbers, punctuation, symbols, spaces and plain white space survive (credentials.md §1.7). */
const plain = (hint: string): string =>
  hint.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t-\r]/gu,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
