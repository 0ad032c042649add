import { DecodeError, boolean, object, optional, parseJson, string } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";

/** What the client that started us says (KEP-541, `client.authentication.k8s.io`). */
export interface ExecInfo {
  readonly apiVersion: string;
  /** Whether standard input is the person's; undefined: nothing is said. */
  readonly interactive: boolean | undefined;
  /** Whether a client has started us at all. */
  readonly given: boolean;
}

const GROUP = "client.authentication.k8s.io";
const VERSIONS: readonly string[] = [`${GROUP}/v1`, `${GROUP}/v1beta1`];

const shape = object({
  apiVersion: optional(string),
  spec: optional(object({ interactive: optional(boolean) })),
});

/** kubelogin's words (oidc.md §1.3), but before anything else is done. @throws {KnownError} USAGE */
export const readExecInfo = ({ env }: Pick<System, "env">): ExecInfo => {
  const text = env["KUBERNETES_EXEC_INFO"] ?? "";
  if (text === "") return { apiVersion: `${GROUP}/v1beta1`, interactive: undefined, given: false };
  let found: ReturnType<typeof shape>;
  try {
    found = shape(parseJson(text), "");
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof DecodeError)) throw error;
    throw new KnownError(
      "USAGE",
      `get-token: could not read the input of credential plugin: invalid KUBERNETES_EXEC_INFO: ${messageOf(error)}`,
      { hint: "kubectl sets it; unset it where nothing but you has." },
    );
  }
  const { apiVersion = "" } = found;
  const interactive = found.spec?.interactive;
  // kubelogin answers an input without a version in this one.
  if (apiVersion === "") return { apiVersion: `${GROUP}/v1beta1`, interactive, given: true };
  if (VERSIONS.includes(apiVersion)) return { apiVersion, interactive, given: true };
  throw new KnownError(
    "USAGE",
    `get-token: could not write the token to client-go: generate ExecCredential: unknown apiVersion: ${apiVersion}`,
    { hint: `Write apiVersion: ${VERSIONS[0]} into the exec entry of the kubeconfig.` },
  );
};

/** One line, byte for byte as kubelogin writes it (oidc.md §1.3). */
export const execCredential = (
  { apiVersion }: ExecInfo,
  { token, end }: { readonly token: string; readonly end: EpochMillis | undefined },
): string =>
  JSON.stringify({
    kind: "ExecCredential",
    apiVersion,
    spec: { interactive: false },
    status: {
      expirationTimestamp: end === undefined ? undefined : `${new Date(end).toISOString().slice(0, 19)}Z`,
      token,
    },
  });
