import type { OpenedTarget } from "./target.ts";

/** What tells what of the person the pod of a target gets. */
export interface Sent extends Pick<OpenedTarget, "leg" | "keptBack"> {
  readonly plan: Pick<OpenedTarget["plan"], "sends"> & {
    readonly recipes: readonly { readonly name: string }[];
  };
}

/** In the few words of the start page. */
export const sentText = ({ plan, leg, keptBack }: Sent): string => {
  const names = plan.recipes.map(({ name }) => name).join(", ");
  if (leg === "direct" && keptBack === undefined) return "your token, for what needs its back end";
  if (leg === "direct" || plan.sends !== "bearer") return names === "" ? "nothing" : `no token, but ${names}`;
  return names === "" ? "your token" : `your token, and ${names}`;
};
