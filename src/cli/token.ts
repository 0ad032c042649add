import { object, parseJson, string } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { EpochMillis } from "../base/units.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { bearerOf, refuseMethod, type TokenWish } from "./bearer.ts";
import type { Invocation } from "./command.ts";
import { clientOf, credentialsOf, endOf } from "./identity.ts";
import { refuseOperands } from "./options.ts";

const WISH: TokenWish = {
  purpose: "print a token",
  hint: "Use a context whose user has a token or a credential plugin",
};

/** `kauth token`: nothing is loaded for it that a static token does not need, since other programs wait for it. */
export async function runToken(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  refuseOperands(invocation, "print a token");
  if (invocation.system.stdoutIsTerminal && !options.boolean("show"))
    throw new KnownError(
      "TOKEN_ON_TERMINAL",
      "Refusing to print a token: standard output is a terminal, which keeps what it has shown",
    );
  const as = options.string("as") ?? "";
  if (as !== "")
    throw new KnownError("USAGE", `Cannot print a token of "${as}": a token stands for whoever asks`, {
      hint: "Leave --as out; kauth whoami --as and kauth open --as act as somebody else",
    });
  const version = options.boolean("exec-credential") ? execVersion(invocation.system) : undefined;
  const config = await clientOf(invocation);
  const source = await credentialsOf(withMark(invocation, config), config);
  refuseMethod(source.method, { ...WISH, config });
  const credential = await source.get({ signal });
  const token = bearerOf(credential, WISH).reveal();
  const { log } = invocation.system;
  log.out(version === undefined ? token : execCredential(version, token, endOf(credential)));
  return 0;
}

const GROUP = "client.authentication.k8s.io";
const VERSIONS: readonly string[] = [`${GROUP}/v1`, `${GROUP}/v1beta1`];
const infoShape = object({ apiVersion: string });

/** What whoever started us wants to get; v1 unless it says. @throws {KnownError} USAGE */
const execVersion = (system: System): string => {
  const info = system.env["KUBERNETES_EXEC_INFO"] ?? "";
  if (info === "") return VERSIONS[0] ?? "";
  let wanted: string;
  try {
    wanted = infoShape(parseJson(info), "").apiVersion;
  } catch (error) {
    throw new KnownError("USAGE", "Cannot read KUBERNETES_EXEC_INFO: it is no ExecCredential in JSON", {
      cause: error,
    });
  }
  if (VERSIONS.includes(wanted)) return wanted;
  throw new KnownError(
    "USAGE",
    `Cannot answer KUBERNETES_EXEC_INFO in version "${wanted}": it must be one of ${VERSIONS.join(", ")}`,
  );
};

const execCredential = (apiVersion: string, token: string, end: EpochMillis | undefined): string => {
  const expirationTimestamp = end === undefined ? undefined : `${new Date(end).toISOString().slice(0, 19)}Z`;
  return JSON.stringify({
    kind: "ExecCredential",
    apiVersion,
    spec: {},
    status: { expirationTimestamp, token },
  });
};

/** Users whose token is being fetched by the processes above us, one a line. */
const MARK = "KAUTH_TOKEN_USERS";

/** A plugin that is kauth itself could ask for ever for what it should provide. @throws {KnownError} EXEC_LOOP */
const withMark = (invocation: Invocation, config: ClientConfig): Invocation => {
  const { system } = invocation;
  if (config.user.exec === undefined) return invocation;
  const mine = JSON.stringify([config.userOrigin ?? "", config.userName ?? ""]);
  const above = (system.env[MARK] ?? "").split("\n");
  if (above.includes(mine))
    throw new KnownError(
      "EXEC_LOOP",
      `Refusing to run the credential plugin of user "${config.userName ?? ""}": it is what asks for this token`,
    );
  return {
    ...invocation,
    system: { ...system, env: { ...system.env, [MARK]: [...above, mine].join("\n") } },
  };
};
