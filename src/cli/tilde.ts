import type { System } from "../base/system.ts";

/** A leading `~` is the home directory, as kubelogin has it: a plain prefix, so `~bob/x` is below it too (oidc.md §1.2). */
export const expandTilde = (path: string, { home }: Pick<System, "home">): string =>
  path.startsWith("~") ? `${home}${path.slice(1)}` : path;
