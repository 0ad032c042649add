import type { Command } from "../command.ts";
import { OUTPUT_OPTION } from "../output-option.ts";

export const iamCacheListCommand: Command = {
  path: ["iam", "cache", "list"],
  summary: "List keys and tokens of AWS that are kept",
  operands: "",
  description:
    "Shows what kauth iam keeps until it ends: keys of roles, of IAM Identity Center, of web identities and of processes, " +
    "and tokens made with them. No secret is shown.",
  examples: [{ command: "kauth iam cache list -o json", does: "For a program" }],
  options: {
    ...OUTPUT_OPTION,
  },
  exit: {
    done: "What is kept was listed, also where that is nothing.",
    failed: "It could not be printed.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../iam/cache.ts")).runCacheList,
};

export const iamCacheClearCommand: Command = {
  path: ["iam", "cache", "clear"],
  summary: "Forget keys and tokens of AWS",
  operands: "",
  description:
    "Removes all that kauth iam cache list shows, and entries that are no longer good. What others have put there stays, " +
    "and so does the session of aws sso login.",
  examples: [{ command: "kauth iam cache clear", does: "Forget all" }],
  options: {},
  exit: {
    done: "Nothing is kept any more.",
    failed: "Something could not be removed.",
    refused: "A mistake in the command line.",
  },
  load: async () => (await import("../iam/cache.ts")).runCacheClear,
};
