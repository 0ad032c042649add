import type { Command } from "../command.ts";
import { KUBECTL_OPTIONS, PLUGIN_OPTIONS } from "../globals.ts";

export const whoamiCommand: Command = {
  path: ["whoami"],
  summary: "Say who the cluster takes you for, and where that comes from",
  operands: "",
  description: [
    "Asks the API server who you are, and says which file, context and user of your kubeconfig that credential came",
    "from and when it ends. A cluster older than Kubernetes 1.26 does not tell; then what the token says of itself is",
    "printed, which nobody has verified.",
  ].join("\n"),
  examples: [
    { command: "kauth whoami", does: "Who am I here?" },
    { command: "kauth whoami --context prod -o name", does: "Only the name, in another context" },
    { command: "kauth whoami --as bob --as-group devs", does: "Who would bob be, and who asks?" },
  ],
  options: {
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      choices: ["text", "json", "yaml", "name"],
      default: "text",
      summary: "json, yaml: one object; name: the user name alone",
    },
    ...PLUGIN_OPTIONS,
    ...KUBECTL_OPTIONS,
  },
  exit: {
    done: "The cluster says who you are.",
    failed: "It does not, or the credential or the cluster could not be had.",
    refused: "A mistake in the command line, config.yaml or the kubeconfig, or an unsafe set-up.",
  },
  load: async () => (await import("../whoami.ts")).runWhoami,
};
