import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { millis } from "../../base/units.ts";
import type { ChainHands } from "../../iam/token/index.ts";
import type { Invocation } from "../command.ts";

/** A person may be signing in with it. */
const PROCESS_TIMEOUT = millis(180_000);

/** What a command line and a terminal can do for whoever looks for keys. */
export const handsOf = ({ system, options, signal }: Invocation): ChainHands => ({
  askMfa: async (serial) => {
    const given = options.string("mfa-code") ?? "";
    if (given !== "") return new Secret(given);
    if (!system.stdinIsTerminal)
      throw new KnownError(
        "AWS_MFA",
        `Cannot take the role: it wants a code of device ${JSON.stringify(serial)}, and standard input is no terminal`,
      );
    const { askLine } = await import("../open/ask.ts");
    const code = await askLine("Assume Role MFA token code: ", signal);
    if (code === undefined || code.trim() === "")
      throw new KnownError("AWS_MFA", "Cannot take the role: no code was typed");
    return new Secret(code.trim());
  },
  runProcess: async ({ profile, command: [file, ...args], origins, signal: end }) => {
    const { loadPluginPolicy } = await import("../../kubeconfig/index.ts");
    const { runProgram } = await import("../../credentials/index.ts");
    return await runProgram(
      {
        what: `the credential_process of profile "${profile}"`,
        command: file,
        args,
        policy: await loadPluginPolicy(system),
        origins,
        use: {
          verb: "run",
          doing: "Running",
          what: "the credential_process",
          power: "choose which program runs as you",
          file: "the AWS file",
          code: "AWS_CONFIG_WRITABLE",
        },
        code: "AWS_PROCESS",
        timeout: PROCESS_TIMEOUT,
        signal: end,
      },
      system,
    );
  },
  ssoLogin: options.boolean("sso-login")
    ? ({ url, code }) => {
        system.log.say(`Open ${url} in a browser and check that it shows the code ${code}`);
      }
    : undefined,
});
