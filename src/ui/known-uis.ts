import { hasLabels, isImageOf, isLike } from "./pattern.ts";
import type { Preset } from "./preset.ts";
import { PRESETS } from "./presets.ts";

/** What is asked for and what answers, as far as UIs are told apart by it. */
export interface UiSigns {
  /** Of the container that is reached. */
  readonly image: string | undefined;
  /** Of its pod. */
  readonly labels: ReadonlyMap<string, string>;
  /** Name of the Service that was asked for, if it was one. */
  readonly service: string | undefined;
}

/** A Service, as far as it tells which UI is behind it. */
export interface ServiceSigns {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Ways to know one, the surest first: what runs there, what it was called, what somebody wrote beside it. */
const WAYS: readonly ((signs: UiSigns, preset: Preset) => boolean)[] = [
  ({ image }, { find }) => image !== undefined && find.images.some((each) => isImageOf(image, each)),
  ({ service }, { find }) =>
    service !== undefined &&
    find.services.some((each) => isLike(service, each)) &&
    !find.except.some((each) => isLike(service, each)),
  ({ labels }, { find }) => find.podLabels.some((each) => hasLabels(labels, each)),
];

/**
 * Which UI answers there, as far as image, name and labels tell. A container in front of it, such as kube-rbac-proxy,
 * counts more than the labels of the pod that both are in.
 * @param presets the first that fits counts. Default: those that are built in
 */
export const knownUi = (signs: UiSigns, presets: readonly Preset[] = PRESETS): Preset | undefined => {
  for (const fits of WAYS) {
    const found = presets.find((preset) => fits(signs, preset));
    if (found !== undefined) return found;
  }
  return undefined;
};

/** What a UI speaks: its preset's scheme, or the other one where the labels of its pod say so. */
export const schemeOf = (
  { scheme, otherScheme = [] }: Preset,
  labels: ReadonlyMap<string, string>,
): Preset["scheme"] => {
  if (!otherScheme.some((each) => hasLabels(labels, each))) return scheme;
  return scheme === "https" ? "http" : "https";
};

/** Which UI a Service leads to, before any of its pods is looked at. */
export const presetOfService = (
  { name, labels }: ServiceSigns,
  presets: readonly Preset[] = PRESETS,
): Preset | undefined => {
  const meant = presets.filter(({ find }) => !find.except.some((each) => isLike(name, each)));
  return (
    meant.find(({ find }) => find.serviceLabels.some((each) => hasLabels(labels, each))) ??
    meant.find(({ find }) => find.services.some((each) => isLike(name, each)))
  );
};

/** Whether a Service has both the name and the place that the UI is always installed by; a label alone anybody writes. */
export const isNamed = (preset: Preset | undefined, name: string, namespace: string): boolean =>
  preset !== undefined &&
  preset.find.namespaces.includes(namespace) &&
  preset.find.services.some((each) => isLike(name, each));
