import { connect, mayI, whoAmI, type Identity as Person } from "../../../api/index.ts";
import { isKnownError, KnownError, messageOf } from "../../../base/errors.ts";
import { redact } from "../../../base/redact.ts";
import { MiB } from "../../../base/units.ts";
import { credentialSource, tokenClaims } from "../../../credentials/index.ts";
import { tokenAlgorithm } from "../../../oidc/index.ts";
import { serverText } from "../../identity.ts";
import { badNote } from "../../doctor/check.ts";
import type { Note } from "../../doctor/finding.ts";
import { readServerTrust, type ServerTrust } from "../server-trust.ts";
import { refusalNotes, type RefusedToken } from "./refusal.ts";
import { oidcCheck, type OidcScene } from "./scene.ts";

/** The token that kubectl would send, from the kubeconfig's user. A person may have to sign in for it. */
export const tokenCheck = oidcCheck({
  id: "token",
  subject: "token",
  needs: [],
  applies: ({ cluster }) => cluster !== undefined,
  run: async ({ cluster, system, signal, examined }) => {
    if (cluster === undefined) return { notes: [] };
    const source = credentialSource(cluster.config, system, cluster.plugins);
    const { header } = await source.get({ signal });
    if (header?.kind !== "bearer")
      return {
        notes: [
          {
            state: "bad",
            found: `the user "${cluster.config.userName ?? ""}" gives no token`,
            next: "kauth oidc setup --write makes a user that does",
          },
        ],
      };
    const { token } = header;
    const claims = tokenClaims(token);
    const learned = { source, token };
    if (claims === undefined)
      return {
        learned,
        notes: [
          {
            state: "warning",
            found: "the token is opaque: an API server takes OpenID Connect's ID tokens, which are JWTs",
            next: "Leave --oidc-use-access-token out",
          },
        ],
      };
    return { learned: { ...learned, claims }, notes: [tokenNote(claims, examined)] };
  },
});

const tokenNote = (
  claims: Readonly<Record<string, unknown>>,
  { issuer, clientId }: OidcScene["examined"],
): Note => {
  const said = (name: string): string => redact(JSON.stringify(claims[name] ?? "none"));
  const names = ["sub", "email", "preferred_username", "groups"].filter((name) => claims[name] !== undefined);
  const found = `issuer ${said("iss")}, audience ${said("aud")}, with ${names.join(", ") || "none of the usual claims"}`;
  if (claims["iss"] !== issuer)
    return {
      state: "warning",
      found: `${found}: that is another issuer than ${issuer}`,
      next: "The user of the kubeconfig signs in elsewhere: compare it with what was looked at above",
    };
  if (![claims["aud"]].flat().includes(clientId))
    return {
      state: "warning",
      found: `${found}: it is not for ${clientId}`,
      next: "The user of the kubeconfig is another client: compare it with what was looked at above",
    };
  const { iat, exp } = claims;
  const life =
    typeof iat === "number" && typeof exp === "number"
      ? ` good for ${Math.round((exp - iat) / 60)} min at a time;`
      : "";
  return { state: "ok", found: `${life.trimStart()}${life === "" ? "" : " "}${found}` };
};

/** What the API server makes of it (SelfSubjectReview), and if it refuses, why. */
export const reviewCheck = oidcCheck({
  id: "cluster",
  subject: "cluster",
  needs: ["source", "token"],
  applies: ({ cluster }) => cluster !== undefined,
  run: async (scene, { source, token, claims }) => {
    const { cluster, system, signal } = scene;
    if (cluster === undefined) return { notes: [] };
    const { config } = cluster;
    await using connection = connect(config, source, system);
    let person: Person | undefined;
    try {
      person = await whoAmI(connection, { signal });
    } catch (error) {
      if (!isKnownError(error, "UNAUTHORIZED")) throw error;
      const trusts = await trustsOf(scene);
      const refused: RefusedToken = {
        claims: claims ?? {},
        algorithm: tokenAlgorithm(token),
        now: system.now() / 1000,
      };
      return { notes: [{ ...badNote(error), next: "See below" }, ...refusalNotes(refused, trusts)] };
    }
    if (person === undefined)
      return {
        notes: [
          {
            state: "warning",
            found: `${serverText(config)} takes the token, and does not say for whom (before Kubernetes 1.26)`,
            next: "kubectl auth can-i --list shows what you may do",
          },
        ],
      };
    const may = await mayI(
      connection,
      { verb: "list", group: "", resource: "pods" },
      { namespace: config.namespace, signal },
    );
    return { notes: [...personNotes(person, claims), rightNote(may, person, config.namespace)] };
  },
});

const personNotes = (
  person: Person,
  claims: Readonly<Record<string, unknown>> | undefined,
): readonly Note[] => {
  const groups = person.groups.filter((group) => group !== "system:authenticated");
  const known: Note = {
    state: "ok",
    found: `you are ${person.username}${groups.length === 0 ? "" : `, in ${groups.join(", ")}`}`,
  };
  const named = [claims?.["groups"], claims?.["roles"]].find((value) => value !== undefined);
  if (groups.length > 0 || claims === undefined) return [known];
  const about = { id: "groups", subject: "groups", state: "warning" } as const;
  return [
    known,
    named === undefined
      ? {
          ...about,
          found: "you are in no group, and the token names none",
          next: "Where rights are given to groups: have the provider put them into ID tokens (often a scope, as --oidc-extra-scope groups), and name the claim at the API server (--oidc-groups-claim)",
        }
      : {
          ...about,
          found: "the token names groups, and the API server does not look at them",
          next: "Name the claim there: --oidc-groups-claim=groups, or claimMappings.groups of AuthenticationConfiguration",
        },
  ];
};

const rightNote = (may: boolean, { username }: Person, namespace: string): Note => ({
  id: "rights",
  subject: "rights",
  ...(may
    ? { state: "ok", found: `you may list pods in namespace "${namespace}"` }
    : {
        state: "warning",
        found: `the API server knows you, and you may not list pods in namespace "${namespace}"`,
        next: `That is a matter of RBAC, not of signing in. An administrator can help: kubectl create rolebinding NAME --clusterrole=view --user='${username}' -n ${namespace}`,
      }),
});

/** A file of settings, or a static pod's manifest. */
const CONFIG_LIMIT = MiB(1);

/** Undefined: nobody has said. @throws {KnownError} OIDC_SERVER_CONFIG */
const trustsOf = async ({ invocation, system }: OidcScene): Promise<readonly ServerTrust[] | undefined> => {
  const path = invocation.options.string("api-server-config") ?? "";
  if (path === "") return undefined;
  const what = `--api-server-config "${path}"`;
  let text: string;
  try {
    text = (await system.files.read(path, CONFIG_LIMIT)).toString("utf8");
  } catch (error) {
    throw new KnownError("OIDC_SERVER_CONFIG", `Cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
  return readServerTrust(text, await documentOf(text), what);
};

/** Undefined where it is no YAML: it may be a list of flags. */
const documentOf = async (text: string): Promise<unknown> => {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { prettyErrors: false, logLevel: "error" });
  try {
    return document.errors.length > 0 ? undefined : (document.toJS({ maxAliasCount: 0 }) as unknown);
  } catch {
    return undefined;
  }
};
