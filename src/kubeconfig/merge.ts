import type { Entry, Kubeconfig } from "./types.ts";

const firstWins = <T>(
  files: readonly Kubeconfig[],
  pick: (file: Kubeconfig) => ReadonlyMap<string, Entry<T>>,
): ReadonlyMap<string, Entry<T>> => {
  const merged = new Map<string, Entry<T>>();
  for (const file of files)
    for (const [name, entry] of pick(file)) if (!merged.has(name)) merged.set(name, entry);
  return merged;
};

/**
 * The rule of the KUBECONFIG list (credentials.md §1.2): of entries of one name the first file's is taken whole;
 * of single values the first that is set.
 */
export const mergeKubeconfigs = (files: readonly Kubeconfig[]): Kubeconfig => ({
  currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
  clusters: firstWins(files, (file) => file.clusters),
  users: firstWins(files, (file) => file.users),
  contexts: firstWins(files, (file) => file.contexts),
  sources: files.flatMap((file) => file.sources),
});
