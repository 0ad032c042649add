import type { Backend, TargetReference } from "./types.ts";

/** The name that pods of the cluster would use in `Host`, without a port. */
export const authorityOf = (reference: TargetReference, backend: Backend): string =>
  reference.kind === "service" ? `${reference.name}.${backend.namespace}.svc` : backend.pod;
