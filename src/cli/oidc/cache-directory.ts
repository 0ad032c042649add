import type { Invocation } from "../command.ts";
import { expandTilde } from "../tilde.ts";
import { defaultDirectory } from "./settings.ts";

/** `--token-cache-dir`, for commands that have no other option of get-token. */
export const cacheDirectoryOf = ({ options, system }: Pick<Invocation, "options" | "system">): string =>
  expandTilde(options.string("token-cache-dir") || defaultDirectory(system), system);
