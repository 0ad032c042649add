import type { Command } from "../command.ts";
import { KUBECTL_OPTIONS, PLUGIN_OPTIONS } from "../globals.ts";
import { runToken } from "../token.ts";

export const tokenCommand: Command = {
  path: ["token"],
  summary: "Print the bearer token that your kubeconfig gives to kubectl",
  operands: "",
  description: [
    "Prints the token on standard output and nothing else, for programs that ask for one. On a terminal it refuses,",
    "since what a terminal has shown others may read. With --exec-credential it answers as a credential plugin, so",
    "that a kubeconfig can name kauth itself.",
  ].join("\n"),
  examples: [
    { command: "kauth token | wl-copy", does: "Copy it, without showing it" },
    { command: "kauth token --context prod > token", does: "Write that of another context into a file" },
    { command: "kauth token --exec-credential", does: "Answer as a credential plugin" },
  ],
  options: {
    show: { type: "boolean", summary: "Print it although standard output is a terminal", env: false },
    "exec-credential": {
      type: "boolean",
      summary: "Print an ExecCredential, in the version that KUBERNETES_EXEC_INFO asks for",
      env: false,
    },
    ...PLUGIN_OPTIONS,
    ...KUBECTL_OPTIONS,
  },
  // Programs wait for this one: one file less to load.
  exit: {
    done: "The token was printed.",
    failed: "There is none to be had: a plugin, the network.",
    refused:
      "A mistake in the command line, config.yaml or the kubeconfig; a terminal without --show; a credential that is no token.",
  },
  load: () => Promise.resolve(runToken),
};
