import type { CredentialSource } from "../../credentials/index.ts";
import { accountText } from "./service-account.ts";
import type { OpenSettings } from "./settings.ts";
import type { OpenedTarget } from "./target.ts";

/** What tells what of the person the pod of a target gets. */
export interface Sent extends Pick<OpenedTarget, "leg" | "keptBack"> {
  readonly plan: {
    readonly sends: OpenedTarget["plan"]["sends"];
    readonly preset?: { readonly name: string } | undefined;
    readonly recipes: readonly { readonly name: string }[];
  };
}

type SentSettings = Pick<OpenSettings, "anonymous" | "serviceAccount">;

/** In the few words of the start page. */
export const sentText = (sent: Sent, { serviceAccount }: Pick<SentSettings, "serviceAccount">): string => {
  const { plan, leg, keptBack } = sent;
  if (serviceAccount !== undefined) return accountTokens(serviceAccount);
  if (leg === "direct" && keptBack === undefined) return "your token, for what needs its back end";
  return leg === "direct" || plan.sends !== "bearer" ? tokenless(plan) : withHeaders("your token", plan);
};

/** As `kauth open` prints it, with where it comes from. */
export const sentInFull = (
  sent: Sent,
  settings: SentSettings,
  source: Pick<CredentialSource, "method" | "description">,
): string => {
  const { plan, leg, keptBack } = sent;
  const token = `the token of your ${source.description}`;
  if (settings.anonymous) return "nothing (--anonymous)";
  if (settings.serviceAccount !== undefined)
    return `${accountTokens(settings.serviceAccount)}, which your ${source.description} asks for`;
  if (leg === "direct" && keptBack === undefined)
    return `${token}, for what needs the UI's back end (--send-token-to-pod)`;
  if (leg === "direct") return `${tokenless(plan)}: ${credentialText(source)} goes to the API server only`;
  if (plan.sends === "nothing") return `nothing: ${plan.preset?.name ?? "it"} does not ask who you are`;
  if (plan.sends === "headers") return `no token: ${namesOf(plan)} from your ${source.description}`;
  return withHeaders(token, plan);
};

type Plan = Pick<Sent["plan"], "recipes">;

const namesOf = ({ recipes }: Plan): string => recipes.map(({ name }) => name).join(", ");

const tokenless = (plan: Plan): string =>
  plan.recipes.length === 0 ? "nothing" : `no token, but ${namesOf(plan)}`;

const withHeaders = (token: string, plan: Plan): string =>
  plan.recipes.length === 0 ? token : `${token}, and ${namesOf(plan)}`;

const accountTokens = (account: NonNullable<SentSettings["serviceAccount"]>): string =>
  `tokens of ServiceAccount ${accountText(account)}`;

/** A kubeconfig or a plugin is not what is sent; a plugin may give a certificate. */
const credentialText = ({
  method,
  description,
}: Pick<CredentialSource, "method" | "description">): string => {
  if (method === "exec") return `what your ${description} gives`;
  if (method === "token" || method === "token-file" || method === "auth-provider")
    return `the token of your ${description}`;
  return `your ${description}`;
};
