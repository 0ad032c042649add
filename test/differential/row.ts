import type { Outcome } from "./outcome.ts";
import type { ProviderScript } from "./identity-provider.ts";
import type { PluginAnswer } from "./plugin.ts";

/** Whatever stands in a kubeconfig; objects become JSON, text is written as it is. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Fields = Readonly<Record<string, Json>>;

/** A directory, or what a file has in it, or what a link leads to. */
export type FileWish = Json | { readonly text: string; readonly mode: number };

/** What two programs can differ in. */
export type Facet = keyof Outcome;

/** A difference on purpose. */
export interface Difference {
  /** The heading in `docs/differences.md`. */
  readonly entry: string;
  /** What differs; everything else is the same, and these are not. */
  readonly facets: readonly Facet[];
  /** What kauth does instead. */
  readonly kauth: Partial<Record<Facet, unknown>>;
}

/**
 * One kubeconfig, given to kubectl and to kauth. Words in `<>` stand for what the scene has, e.g. `<https>` for the
 * address of the recording API server.
 */
export interface Row {
  /** The row or section of the specification of credentials (§1.1 L2, §1.7 …) that is tried. */
  readonly tries: string;
  readonly name: string;
  /** Fields of the one cluster, `prod`. Default: the HTTPS server and its CA. "none" for no cluster. */
  readonly cluster?: Fields | "none";
  /** Fields of the one user, `alice`. Default: none. */
  readonly user?: Fields;
  /** Fields of the one context, `work`. Default: that cluster and that user. */
  readonly context?: Fields;
  /** The whole kubeconfig instead. "none" for no file. */
  readonly config?: Json;
  /** More files, by their path below the directory of the row. */
  readonly files?: Readonly<Record<string, FileWish>>;
  readonly args?: readonly string[];
  /** More environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly plugin?: PluginAnswer;
  /** What the identity provider `<idp>` answers, words in it replaced. */
  readonly provider?: ProviderScript;
  /** The statuses that the API servers answer, in order; the last one stays. */
  readonly answers?: readonly number[];
  /** Standard input is a terminal. */
  readonly terminal?: true;
  /** It runs in a pod: what lies in `account/` is the service account's directory. */
  readonly pod?: true;
  /** Nothing may be read that its mode forbids, not even by root. */
  readonly unprivileged?: true;
  /** kubectl ends with an error. Without this it has to end well. */
  readonly rejected?: true;
  readonly differs?: Difference | readonly Difference[];
}

export const differencesOf = ({ differs }: Row): readonly Difference[] =>
  differs === undefined ? [] : [differs].flat();
