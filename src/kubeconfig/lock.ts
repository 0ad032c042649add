import { KnownError, systemCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";

/** A lock that is held: give it back when all is written, or has failed. */
export interface Lock extends AsyncDisposable {
  readonly paths: readonly string[];
}

/**
 * Takes the locks of files as client-go does (credentials.md §1.3): `<file>.lock`, made only if it is not there, in
 * sorted order. One that is there is an error at once: nobody can tell whether its maker still lives.
 * @throws {KnownError} KUBECONFIG_LOCKED; Node's own errors where no lock can be made
 */
export async function lockFiles(files: readonly string[], system: System): Promise<Lock> {
  const paths: string[] = [];
  const release = async (): Promise<void> => {
    for (const path of paths) await system.files.remove(path);
  };
  try {
    for (const path of [...new Set(files)].toSorted().map((file) => `${file}.lock`)) {
      await system.files.create(path, "", { mode: 0 });
      paths.push(path);
    }
  } catch (error) {
    await release();
    if (systemCode(error) !== "EEXIST") throw error;
    throw await locked(files, error, system);
  }
  return { paths, [Symbol.asyncDispose]: release };
}

const locked = async (files: readonly string[], cause: unknown, system: System): Promise<KnownError> => {
  const there: { readonly path: string; readonly age: string }[] = [];
  for (const file of files) {
    const facts = await system.files.facts(`${file}.lock`);
    if (facts !== undefined)
      there.push({ path: `${file}.lock`, age: ageText((system.now() - facts.modified) / 1000) });
  }
  const [lock] = there;
  if (lock === undefined)
    return new KnownError("KUBECONFIG_LOCKED", `open ${files[0] ?? ""}.lock: file exists`, {
      cause,
      hint: "Another program has just written the kubeconfig. Try again",
    });
  return new KnownError("KUBECONFIG_LOCKED", `open ${lock.path}: file exists`, {
    cause,
    hint: `Another program locked the kubeconfig ${lock.age} ago. Try again in a moment; if no kubectl or other program is writing it any more, the lock was left behind: rm ${lock.path}`,
  });
};

/** Whole units, as people say them: `12 seconds`, `3 hours`. A lock of the future is `0 seconds` old. */
const ageText = (seconds: number): string => {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ] as const;
  const [name, size] = units.find(([, length]) => seconds >= length) ?? (["second", 1] as const);
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${name}${count === 1 ? "" : "s"}`;
};
