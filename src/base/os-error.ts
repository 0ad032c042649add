import { messageOf, systemCode } from "./errors.ts";

/** How Go words what the system says. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "disk quota exceeded",
  EEXIST: "file exists",
  EIO: "input/output error",
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "file name too long",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
};

/** A failed operation on a file as Go's os package says it, e.g. `open /f: permission denied`. */
export const osError = (path: string, error: unknown, operation = "open"): string => {
  const code = systemCode(error);
  const words = code === undefined ? undefined : WORDS[code];
  if (words === undefined) return messageOf(error);
  // Go opens a directory without complaint, and fails when it reads.
  return `${code === "EISDIR" ? "read" : operation} ${path}: ${words}`;
};
