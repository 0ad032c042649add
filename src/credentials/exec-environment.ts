interface Variable {
  readonly name: string;
  readonly value: string;
}

/**
 * The environment of a plugin: ours, then the plugin's own entries, then KUBERNETES_EXEC_INFO (credentials.md §2.1).
 * Of a name that stands twice the last one counts, and stands where the last one stood. On Windows names are the same
 * in any case.
 */
export function pluginEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  own: readonly Variable[],
  info: string,
  platform: NodeJS.Platform,
): Readonly<Record<string, string>> {
  const inherited = Object.entries(parent).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
  const all = [...inherited, ...own.map(atFirstSign), { name: "KUBERNETES_EXEC_INFO", value: info }];
  const last = new Map<string, Variable>();
  for (const each of all) {
    const key = platform === "win32" ? each.name.toUpperCase() : each.name;
    last.delete(key);
    last.set(key, each);
  }
  return Object.fromEntries([...last.values()].map(({ name, value }) => [name, value]));
}

/** A name may hold `=`; the program that reads `A=B=c` sees the variable `A`. Windows has names that begin with it. */
const atFirstSign = ({ name, value }: Variable): Variable => {
  const at = name.indexOf("=", 1);
  return at === -1 ? { name, value } : { name: name.slice(0, at), value: `${name.slice(at + 1)}=${value}` };
};
