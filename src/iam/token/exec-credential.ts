import { object, parseJson, string } from "../../base/decode.ts";
import type { IamToken } from "./token.ts";

const GROUP = "client.authentication.k8s.io";
const DEFAULT_VERSION = `${GROUP}/v1beta1`;
/** client-go took the first until Kubernetes 1.23. It refuses an answer in another version than its kubeconfig's. */
const VERSIONS: readonly string[] = [`${GROUP}/v1alpha1`, DEFAULT_VERSION, `${GROUP}/v1`];

const infoShape = object({ apiVersion: string });

/** The version that `KUBERNETES_EXEC_INFO` asks for; v1beta1 where it says none that there is. */
export function execVersion(info: string | undefined): string {
  try {
    const { apiVersion } = infoShape(parseJson(info ?? ""), "");
    return VERSIONS.includes(apiVersion) ? apiVersion : DEFAULT_VERSION;
  } catch {
    return DEFAULT_VERSION;
  }
}

/** What aws-iam-authenticator prints, byte for byte but for the line feed behind it: seconds, UTC (iam.md §1.4). */
export const execCredential = ({ token, expiresAt }: IamToken, apiVersion: string): string =>
  JSON.stringify({
    kind: "ExecCredential",
    apiVersion,
    spec: { interactive: false },
    status: {
      expirationTimestamp: `${new Date(expiresAt).toISOString().slice(0, 19)}Z`,
      token: token.reveal(),
    },
  });
