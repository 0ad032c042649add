import type { KnownError } from "../base/errors.ts";
import type { Backend } from "./types.ts";

/**
 * Where a route is. `draining`: the pod in use gets no new connections, those that it has go on, and another is looked
 * for. `down`: none was found, and the next try waits.
 */
export type RouteState =
  | { readonly kind: "resolving" }
  | { readonly kind: "dialling"; readonly backend: Backend }
  | { readonly kind: "up"; readonly backend: Backend }
  | { readonly kind: "draining"; readonly backend: Backend; readonly reason: string }
  | { readonly kind: "down"; readonly trouble: KnownError }
  | { readonly kind: "closed" };

export type RouteEvent =
  | { readonly kind: "seek" }
  | { readonly kind: "resolved"; readonly backend: Backend }
  /** A tunnel to it stands, and its pod has the expected uid. */
  | { readonly kind: "connected"; readonly backend: Backend }
  /** The pod goes, or its last tunnel did. */
  | { readonly kind: "left"; readonly backend: Backend; readonly reason: string }
  | { readonly kind: "failed"; readonly trouble: KnownError }
  | { readonly kind: "close" };

/** The next state; the same one where the event is no news, such as the end of a pod that is not in use any more. */
export const step = (state: RouteState, event: RouteEvent): RouteState => {
  if (state.kind === "closed") return state;
  switch (event.kind) {
    case "seek":
      return state.kind === "down" || state.kind === "draining" ? { kind: "resolving" } : state;
    case "resolved":
      return state.kind === "up" ? state : { kind: "dialling", backend: event.backend };
    case "connected":
      return state.kind === "up" && state.backend === event.backend
        ? state
        : { kind: "up", backend: event.backend };
    case "left":
      return "backend" in state && state.backend === event.backend
        ? { kind: "draining", backend: event.backend, reason: event.reason }
        : state;
    case "failed":
      return state.kind === "up" ? state : { kind: "down", trouble: event.trouble };
    case "close":
      return { kind: "closed" };
  }
};
