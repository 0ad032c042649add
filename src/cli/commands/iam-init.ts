import type { Command } from "../command.ts";
import { SERVER_OPTIONS } from "./iam-server.ts";

export const iamInitCommand: Command = {
  path: ["iam", "init"],
  summary: "Make certificate and configuration for kauth iam server",
  operands: "",
  description: [
    "Writes cert.pem, key.pem and aws-iam-authenticator.kubeconfig into this directory, as aws-iam-authenticator init does,",
    "and says where they go. A pair that is there already is used again. With --feature-gates",
    "ConfiguredInitDirectories=true they go where the server looks for them, and the server renews them.",
  ].join("\n"),
  examples: [
    { command: "kauth iam init -i my-cluster", does: "Make both for a server on each control plane" },
  ],
  options: SERVER_OPTIONS,
  exit: {
    done: "The files are there.",
    failed: "One of them could not be written.",
    refused: "A mistake in the command line, or files that do not belong together.",
  },
  load: async () => (await import("../iam/init.ts")).runInit,
};
