import { connect, whoAmI, type Identity as Person } from "../../api/index.ts";
import { asMyself, isImpersonating } from "../identity.ts";
import { check } from "./check.ts";

/** Whether the credential is accepted, and for whom it stands. */
export const identityCheck = check({
  id: "identity",
  subject: "whoami",
  needs: ["connection", "config", "source"],
  run: async ({ system, signal, own }, { connection, config, source }) => {
    const person = await whoAmI(connection, { signal });
    if (person === undefined)
      return {
        learned: { person },
        notes: [
          {
            state: "warning",
            found:
              "the cluster does not say who you are: it is older than Kubernetes 1.26, or forbids the question",
            next: "kauth whoami prints what the token says of itself",
          },
        ],
      };
    const groups = person.groups.length === 0 ? "" : `, in ${person.groups.join(", ")}`;
    if (!isImpersonating(config))
      return { learned: { person }, notes: [{ state: "ok", found: `${person.username}${groups}` }] };
    const myself = own(connect(asMyself(config), source, system));
    const real = await whoAmI(myself, { signal }).catch((): Person | undefined => undefined);
    const asker = real === undefined ? "" : `, asked by ${real.username}`;
    return {
      learned: { person },
      notes: [{ state: "ok", found: `${person.username}${groups}${asker} (impersonation)` }],
    };
  },
});
