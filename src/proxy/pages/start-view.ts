/** How signing in stands. */
export type SignInView = "well" | "failed" | "running";

/** A context with the person who is signed in to it. */
export interface ClusterView {
  /** Ours: lower-case letters and digits. */
  readonly id: string;
  /** Name of the context. Remote text. */
  readonly context: string;
  /** Whose the credential is; undefined: nobody has said so. Remote text. */
  readonly user: string | undefined;
  readonly signIn: SignInView;
  /** Fixed text: why signing in failed, and what to do. */
  readonly reason: string | undefined;
  /** In words, such as `in 14 min (15:04:05)`. */
  readonly ends: string | undefined;
  /** A person has said in the configuration that mistakes are dear there. */
  readonly production: boolean;
  /** One of the fixed names of `contextColor`. Undefined: derived from the context's name, never red. */
  readonly color: string | undefined;
  /** What a person should know of it, such as that the kubeconfig has changed since. May be remote text. */
  readonly notice: string | undefined;
}

export interface TargetView {
  /** Ours: lower-case letters and digits. */
  readonly id: string;
  /** What a person calls it. Remote text. */
  readonly title: string;
  /** The id of its cluster. */
  readonly cluster: string;
  /** In a few words of ours. */
  readonly health: string;
  /** What `health` means for a person; `idle`: not opened yet, it is dialled at the first click. */
  readonly tone: "well" | "waiting" | "trouble" | "idle";
  readonly readOnly: boolean;
  /** What of the person goes into the pod, such as `your token`. Remote text. */
  readonly sends: string | undefined;
}

/** What the start page shows. */
export interface StartView {
  readonly clusters: readonly ClusterView[];
  readonly targets: readonly TargetView[];
}
