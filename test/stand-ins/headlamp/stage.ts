import { stage, type Stage, type Staged } from "../opened.ts";
import { headlampApi, type HeadlampApi } from "./api.ts";
import { headlamp, type Headlamp } from "./headlamp.ts";
import { putObject } from "./resources.ts";

export const HEADLAMP_IMAGE = "ghcr.io/headlamp-k8s/headlamp:v0.45.0";

/** A stage where Headlamp runs, over a cluster with the deployment `first` and the pod `shell`. */
export interface HeadlampStage extends Stage {
  readonly ui: Headlamp;
  /** What its pages reach without its back end, on the direct leg. */
  readonly api: HeadlampApi;
}

interface HeadlampStaged extends Pick<Staged<Headlamp>, "life"> {
  /** Default: `ui`. */
  readonly app?: "ui" | "single";
  /** Of the real page's times. Default: half. */
  readonly scale?: number;
}

export async function headlampStage(of: HeadlampStaged = {}): Promise<HeadlampStage> {
  const { app = "ui", scale = 0.5, ...more } = of;
  let api: HeadlampApi | undefined;
  const staged = await stage({
    ...more,
    app,
    image: HEADLAMP_IMAGE,
    answers: (accounts) => headlamp({ accounts, scale }),
    api: (ui) => (api = headlampApi(() => ui)),
  });
  if (api === undefined) throw new TypeError("the stage has made no API");
  putObject(staged.ui.store, "deployments", "first");
  putObject(staged.ui.store, "pods", "shell");
  return { ...staged, api };
}
