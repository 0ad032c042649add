import { basename, dirname, join } from "node:path";
import type { System } from "./system.ts";

type Around = Pick<System, "execPath" | "script"> & { readonly files: Pick<System["files"], "realPath"> };

/** One entry file each, beside each other, so that the name survives npm's launchers. */
const ENTRY =
  /^(kauth|kubectl-auth_proxy|kubectl-oidc_login|kubelogin|aws-iam-authenticator|kubectl_complete-[a-z_]+)\.[jt]s$/;

/** The file that runs kauth under a name: the compiled program itself, or that name's entry. Undefined: something else runs us. */
export const ownProgram = async (name: string, around: Around): Promise<string | undefined> => {
  const { script, execPath, files } = around;
  try {
    if (script === undefined) return await files.realPath(execPath);
    const real = await files.realPath(script);
    const entry = ENTRY.exec(basename(real));
    return entry === null ? undefined : join(dirname(real), `${name}${real.slice(real.lastIndexOf("."))}`);
  } catch {
    return undefined;
  }
};

/**
 * The name that this very program would run under, if `path` is it, behind every symlink; undefined if it is another
 * program (security.md R-N10). Launchers that are scripts, as on Windows, count as others.
 */
export const ownName = async (path: string, around: Around): Promise<string | undefined> => {
  const { script, execPath, files } = around;
  try {
    const real = await files.realPath(path);
    if (script === undefined)
      return real === (await files.realPath(execPath)) ? basename(path).replace(/\.exe$/i, "") : undefined;
    const own = await files.realPath(script);
    const [mine, theirs] = [ENTRY.exec(basename(own)), ENTRY.exec(basename(real))];
    return mine !== null && theirs !== null && dirname(own) === dirname(real) ? theirs[1] : undefined;
  } catch {
    return undefined;
  }
};
