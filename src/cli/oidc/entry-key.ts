import { cacheKey } from "../../oidc/warm.ts";
import type { ProviderSettings } from "./settings.ts";

/** Grants whose identity is no person's. */
const MACHINES: readonly ProviderSettings["grant"][] = ["client-credentials", "token-exchange"];

/** How a person signs in does not matter to whose the entry is: `kauth oidc login` may do it another way. */
export const entryKey = (settings: ProviderSettings): string =>
  cacheKey({
    ...settings,
    grant: MACHINES.includes(settings.grant)
      ? [settings.grant, settings.subject ?? "", settings.subjectNow ?? ""].join(" ").trimEnd()
      : "person",
  });
