import type { Demo } from "../src/demo/index.ts";
import { testDemo } from "./demo.ts";
import { writeKubeconfig, type KubeconfigWishes } from "./kubeconfigs.ts";
import { kauth, newHome, type Finished } from "./program.ts";

interface Seen {
  readonly id: string;
  readonly state: string;
  readonly found: string;
  readonly next?: string;
}

/** What `kauth doctor -o json` printed. */
export interface Looked extends Finished {
  readonly ok: boolean;
  readonly findings: readonly Seen[];
  readonly role: unknown;
  /** The finding of that id. */
  of(id: string): Seen;
  readonly bad: readonly string[];
  readonly warnings: readonly string[];
  readonly untried: readonly string[];
}

export interface DoctorScene extends AsyncDisposable {
  readonly demo: Demo;
  readonly home: string;
  /** A kubeconfig with one user. */
  configWith(wishes: KubeconfigWishes): Promise<string>;
  /** The kubeconfig of somebody with a token that the cluster takes. */
  person(token: string, rights?: "all" | "create" | "get" | "none"): Promise<string>;
}

/** A cluster and a home for kubeconfigs. */
export async function doctorScene(): Promise<DoctorScene> {
  const demo = await testDemo();
  const home = await newHome();
  let files = 0;
  const configWith = async (wishes: KubeconfigWishes): Promise<string> =>
    await writeKubeconfig(demo, home.path, `config-${files++}`, wishes);
  return {
    demo,
    home: home.path,
    configWith,
    person: async (token, rights = "all") => {
      const username = `person-${files}`;
      demo.cluster.people.add({ username, uid: "", groups: [], rights });
      demo.cluster.people.issue(token, username);
      return await configWith({ user: { token } });
    },
    [Symbol.asyncDispose]: async () => {
      await demo[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Runs `kauth doctor` and reads what it found. */
export async function look(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Looked> {
  const ended = await kauth(["doctor", "-o", "json", ...args], env);
  const { ok, findings, role } = JSON.parse(ended.stdout) as Pick<Looked, "ok" | "findings" | "role">;
  const idsOf = (state: string): string[] =>
    findings.filter((finding) => finding.state === state).map(({ id }) => id);
  return {
    ...ended,
    ok,
    findings,
    role,
    of: (id) => {
      const found = findings.find((finding) => finding.id === id);
      if (found === undefined) throw new Error(`there is no finding "${id}": ${ended.stdout}`);
      return found;
    },
    bad: idsOf("bad"),
    warnings: idsOf("warning"),
    untried: idsOf("untried"),
  };
}

/** A stanza that runs a plugin. */
export const execUser = (command: string, args: readonly string[] = []): unknown => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command, args, interactiveMode: "Never" },
});
