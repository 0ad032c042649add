import type { Labels, PathPattern } from "./preset.ts";

const escaped = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\*]/g, String.raw`\$&`);

/** `*` stands for any text. */
export const isLike = (text: string, pattern: string): boolean => {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  // Each part as early as can be: no way back, whatever somebody else has written.
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
};

export const hasLabels = (labels: ReadonlyMap<string, string>, wanted: Labels): boolean => {
  const pairs = Object.entries(wanted);
  // "*" is any value, but one has to be there.
  return (
    pairs.length > 0 && pairs.every(([key, value]) => labels.has(key) && isLike(labels.get(key) ?? "", value))
  );
};

/** Whether an image is of that repository, wherever it is mirrored: its last segments count, without tag and digest. */
export const isImageOf = (image: string, repository: string): boolean => {
  const plain = image.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  return plain === repository || plain.endsWith(`/${repository}`);
};

/** @param pattern `*` is one segment; `**` at the end is all that follows */
export const pathLike = (pattern: PathPattern): ((path: string) => boolean) => {
  const open = pattern.endsWith("/**");
  const segments = (open ? pattern.slice(0, -2) : pattern).split("/");
  const source = segments.map((segment) => (segment === "*" ? "[^/]+" : escaped(segment))).join("/");
  const expression = new RegExp(open ? `^${source}` : `^${source}$`);
  return (path) => expression.test(path);
};
