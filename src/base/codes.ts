/**
 * Every way kauth fails on purpose, once: what it means and which exit status it gives.
 * `docs/errors.md` is generated from this table and compared with it by a test.
 *
 * Exit 1: the world failed (RBAC, a plugin, the network, a taken port).
 * Exit 2: refused before anything was dialled (bad input, an unsafe set-up).
 */
interface Code {
  readonly exit: 1 | 2;
  /** One sentence: what happened, in general. */
  readonly means: string;
  /** One sentence: what a person does next. */
  readonly next: string;
}

const code = (exit: 1 | 2, means: string, next: string): Code => ({ exit, means, next });

export const CODES = {
  // --- command line and configuration
  USAGE: code(2, "The command line could not be understood.", "Read the command's --help."),
  CONFIG_INVALID: code(2, "config.yaml has a mistake.", "Correct the key that the message names."),
  FILE_TOO_LARGE: code(2, "A file is larger than kauth reads.", "Check that the path is the right one."),
  UNSUPPORTED: code(2, "kauth does not do this yet.", "Leave the option out, or use kubectl for this part."),
  STATE_INVALID: code(2, "A state file of kauth's own is damaged.", "Run kauth clean and try again."),

  // --- cli: open
  NO_BEARER_TOKEN: code(
    2,
    "Your credential has no bearer token, so nothing can be shown to the UI.",
    "Use a context whose user has a token or a credential plugin, or open without signing in: --anonymous.",
  ),
  TOKEN_TOO_BROAD: code(
    2,
    "The token is good for more than this cluster, and the UI's pod would receive it.",
    "Use a token for this cluster only, or accept the risk with --send-token-to-pod.",
  ),
  CONSENT_REFUSED: code(
    2,
    "The question of --confirm was not answered with yes.",
    "Run the command again and answer yes, or leave --confirm out.",
  ),

  INTERNAL: code(1, "kauth met a fault of its own.", "Report it with the command that you ran."),
} as const satisfies Record<string, Code>;

export type ErrorCode = keyof typeof CODES;
