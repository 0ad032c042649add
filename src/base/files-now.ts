import * as fs from "node:fs";
import { factsOf, type Files } from "./files.ts";

/**
 * The same files, looked at without a thread: for a process that does nothing else and is over in milliseconds. What may
 * keep it waiting (a write, a device) goes the usual way.
 */
export const filesNow = (files: Files): Files => ({
  ...files,
  facts: async (path) => {
    try {
      const found = fs.statSync(path, { throwIfNoEntry: false });
      return await Promise.resolve(found === undefined ? undefined : factsOf(found));
    } catch {
      return undefined;
    }
  },
  nameFacts: async (path) => {
    try {
      const found = fs.lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      if (!found.isSymbolicLink()) return { ...factsOf(found), target: undefined };
      return await Promise.resolve({ ...factsOf(found), kind: "link", target: fs.readlinkSync(path) });
    } catch {
      return undefined;
    }
  },
  makeDirectory: async (path) => {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    await files.makeDirectory(path);
  },
});
