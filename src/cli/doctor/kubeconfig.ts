import {
  kubeconfigFaults,
  loadKubeconfig,
  usableFaults,
  type ClientConfig,
  type Kubeconfig,
  type User,
} from "../../kubeconfig/index.ts";
import type { System } from "../../base/system.ts";
import { readKubeconfig, selectClient, serverText } from "../identity.ts";
import { badNote, check, type Scene } from "./check.ts";
import type { Note } from "./finding.ts";

/** kauth's own settings, where they have a mistake. */
export const settingsCheck = check({
  id: "settings",
  subject: "config.yaml",
  needs: [],
  applies: ({ invocation }) => invocation.configFault !== undefined,
  run: ({ invocation: { configFault } }) => ({
    notes: configFault === undefined ? [] : [badNote(configFault)],
  }),
});

/** Files that were looked for: which are there and can be read. */
export const filesCheck = check({
  id: "files",
  subject: "kubeconfig",
  needs: [],
  run: async (scene) => {
    const kubeconfig = await readKubeconfig(scene.invocation);
    const { there, missing } = await sortFiles(scene, kubeconfig);
    const learned = { kubeconfig };
    if (there.length === 0)
      return {
        learned,
        notes: [
          {
            state: "warning",
            found: `there is none: looked for ${missing.join(", ")}`,
            next: "Name one with --kubeconfig or KUBECONFIG",
          },
        ],
      };
    const absent = missing.length === 0 ? "" : ` (not there: ${missing.join(", ")})`;
    const found = `${there.join(", ")}${absent}`;
    const open = await Promise.all(there.map(async (path) => await openness(scene.system, kubeconfig, path)));
    const faults = open.filter((fault) => fault !== undefined);
    if (faults.length === 0) return { learned, notes: [{ state: "ok", found }] };
    const next = `Take their right away: chmod go-rwx ${there.filter((_path, at) => open[at] !== undefined).join(" ")}`;
    return { learned, notes: [{ state: "warning", found: `${found}: ${faults.join(", ")}`, next }] };
  },
});

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o044;

/** What others on this machine may do with a file that they should leave alone. */
const openness = async (
  { files, uid }: System,
  kubeconfig: Kubeconfig,
  path: string,
): Promise<string | undefined> => {
  const mode = uid === undefined ? 0 : ((await files.facts(path))?.mode ?? 0);
  if ((mode & OTHERS_WRITE) !== 0) return `others may write ${path}`;
  const secret = [...kubeconfig.users.values()].some(
    ({ value, origin }) => origin === path && isSecret(value),
  );
  return secret && (mode & OTHERS_READ) !== 0 ? `others may read the credential in ${path}` : undefined;
};

const isSecret = ({ token, password, clientKeyData, authProvider }: User): boolean =>
  [token, password, clientKeyData, authProvider].some((part) => part !== undefined);

const sortFiles = async (
  { system }: Scene,
  { sources }: Kubeconfig,
): Promise<{ readonly there: readonly string[]; readonly missing: readonly string[] }> => {
  const facts = await Promise.all(
    sources.map(async (path) => ({ path, there: (await system.files.facts(path)) !== undefined })),
  );
  const of = (there: boolean): readonly string[] =>
    facts.filter((each) => each.there === there).map(({ path }) => path);
  return { there: of(true), missing: of(false) };
};

/** Entries that another file's entry of the same name hides (credentials.md §1.2). */
export const mergeCheck = check({
  id: "merge",
  subject: "merge",
  needs: ["kubeconfig"],
  run: async (scene, { kubeconfig }) => {
    const { there } = await sortFiles(scene, kubeconfig);
    if (there.length < 2) return { notes: [{ state: "none", found: "there is nothing to merge" }] };
    const hidden: string[] = [];
    for (const path of there) {
      const alone = await loadKubeconfig(scene.system, { explicit: path });
      for (const kind of ["contexts", "clusters", "users"] as const)
        for (const name of alone[kind].keys()) {
          const winner = kubeconfig[kind].get(name)?.origin;
          if (winner !== undefined && winner !== path)
            hidden.push(`${kind.slice(0, -1)} "${name}" of ${path} is hidden by ${winner}`);
        }
    }
    if (hidden.length === 0)
      return { notes: [{ state: "ok", found: `${there.length} files, and no name comes twice` }] };
    const more = hidden.length > SHOWN ? ` and ${hidden.length - SHOWN} more` : "";
    return {
      notes: [
        {
          state: "warning",
          found: `${hidden.slice(0, SHOWN).join("; ")}${more}`,
          next: "Of entries with one name the first file's counts, whole; rename one, or change the order in KUBECONFIG",
        },
      ],
    };
  },
});

/** Fleets have the same names in many files. */
const SHOWN = 5;

export const contextCheck = check({
  id: "context",
  subject: "context",
  needs: ["kubeconfig"],
  run: ({ invocation }, { kubeconfig }) => {
    const name = invocation.options.string("context") ?? kubeconfig.currentContext;
    if (name === undefined)
      return {
        learned: { context: true },
        notes: [
          {
            state: "warning",
            found: "none is chosen",
            next: "Choose one with --context, or with kubectl config use-context",
          },
        ],
      };
    const context = kubeconfig.contexts.get(name)?.value;
    const names = [...kubeconfig.contexts.keys()];
    if (context === undefined)
      return {
        notes: [
          {
            state: "bad",
            found: `there is no context "${name}"`,
            next:
              names.length === 0
                ? "The kubeconfig has none"
                : `Choose one of ${names.slice(0, 20).join(", ")}`,
          },
        ],
      };
    const { cluster = "", user = "" } = context;
    return {
      learned: { context: true },
      notes: [{ state: "ok", found: `"${name}" of ${names.length}: cluster "${cluster}", user "${user}"` }],
    };
  },
});

/** What kubectl would complain about (credentials.md §1.7), and what it would not, as long as it is not used. */
export const validationCheck = check({
  id: "validation",
  subject: "validation",
  needs: ["kubeconfig", "context"],
  run: async ({ invocation, target }, { kubeconfig }) => {
    const config = await selectClient(invocation, kubeconfig);
    const namespace = target?.namespace ?? config.namespace;
    return {
      learned: { config, namespace },
      notes: [
        { state: "ok", found: `server ${serverText(config)}, namespace "${namespace}"` },
        ...faultNotes(kubeconfig, config),
      ],
    };
  },
});

/** Faults that keep nobody from working here and now. */
const faultNotes = (kubeconfig: Kubeconfig, { contextName }: ClientConfig): readonly Note[] => {
  const here = contextName === undefined ? [] : usableFaults(kubeconfig, contextName);
  const elsewhere = kubeconfig.contexts.size === 0 ? [] : kubeconfigFaults(kubeconfig);
  const faults = [...new Set([...here, ...elsewhere])];
  if (faults.length === 0) return [];
  const more = faults.length > SHOWN ? ` and ${faults.length - SHOWN} more` : "";
  return [
    {
      id: "faults",
      subject: "faults",
      state: "warning",
      found: `${faults.slice(0, SHOWN).join("; ")}${more}`,
      next:
        here.length > 0
          ? "Correct what is selected first; the other entries when you need them"
          : "Correct the entries when you need them; what is selected can be used as it is",
    },
  ];
};
