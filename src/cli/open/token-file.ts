import { KnownError, systemCode } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";

export interface TokenFile {
  remove(): Promise<void>;
}

/**
 * `--api-token-file`: the token and nothing behind it, since a program sends what it reads. The directory is the
 * person's: none is made. The file also goes when the process is ended at once.
 * @throws {KnownError} API_TOKEN_FILE
 */
export async function writeTokenFile(system: System, path: string, token: Secret): Promise<TokenFile> {
  try {
    await system.files.create(path, token.reveal(), { parents: false });
  } catch (error) {
    throw new KnownError("API_TOKEN_FILE", `Cannot write --api-token-file "${path}": ${reasonOf(error)}`, {
      cause: error,
    });
  }
  const takeBack = system.onExit(() => system.files.removeNow(path));
  return {
    remove: async () => {
      await system.files.remove(path);
      takeBack();
    },
  };
}

const reasonOf = (error: unknown): string => {
  const code = systemCode(error);
  if (code === "EEXIST") return "something of that name is there already";
  return code === "ENOENT" ? "there is no such directory" : String(code);
};
