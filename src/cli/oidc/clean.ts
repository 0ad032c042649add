import { basename, dirname } from "node:path";
import { listEntries, otherFiles, placesOfEntries, removeEntry } from "../../oidc/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { cacheDirectoryOf } from "./cache-directory.ts";

/** What kubelogin calls its entries. They are its own to remove. */
const KUBELOGINS = /^[0-9a-f]{64}$/;

/** `kauth oidc clean`: our entries and nothing else (security.md R-K8), with kubelogin's words. */
export async function runOidcClean(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  refuseOperands(invocation, "clean up");
  const directory = cacheDirectoryOf(invocation);
  const failed: string[] = [];
  const paths = [...(await listEntries(directory, system)), ...(await otherFiles(directory, system))];
  for (const { path } of paths) {
    const why = await removeEntry({ path }, system);
    if (why !== undefined) failed.push(`Cannot remove ${basename(path)} from ${dirname(path)}: ${why}`);
  }
  for (const line of failed) system.log.warn(line);
  if (failed.length === 0) system.log.say(`Deleted the token cache from ${directory}`);
  const names = (
    await Promise.all(
      (await placesOfEntries(directory, system)).map(
        async (place) => await system.files.list(place).catch((): readonly string[] => []),
      ),
    )
  ).flat();
  const others = names.filter((name) => KUBELOGINS.test(name)).length;
  if (others > 0)
    system.log.say(
      `${others} of kubelogin's own are left in ${directory}: kauth oidc import takes them over, kubelogin clean removes them`,
    );
  return failed.length === 0 ? 0 : 1;
}
