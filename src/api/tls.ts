import { KnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";
import type { Cluster } from "../kubeconfig/index.ts";

/** A bundle of a hundred authorities is some 200 KiB. */
const CA_LIMIT = KiB(1024);

/** The CA bundle that the cluster entry names: data over file; undefined means the system's roots. @throws {KnownError} */
export async function clusterCa(cluster: Cluster, system: System): Promise<string | undefined> {
  if (cluster.certificateAuthorityData !== undefined) return checkPem(cluster.certificateAuthorityData);
  const path = cluster.certificateAuthority;
  if (path === undefined) return undefined;
  try {
    return checkPem((await system.files.read(path, CA_LIMIT)).toString("utf8"));
  } catch (error) {
    if (error instanceof KnownError) throw error;
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `invalid configuration: unable to read certificate-authority ${path} due to ${messageOf(error)}`,
      { cause: error },
    );
  }
}

const checkPem = (text: string): string => {
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new KnownError(
    "CLIENT_CONFIG_INVALID",
    "unable to load root certificates: unable to parse bytes as PEM block",
  );
};
