import type { Credential } from "../../credentials/index.ts";
import { noBearerToken } from "../bearer.ts";
import { reachBeyondCluster } from "../open/consent.ts";
import { tokenFacts, type TokenFacts } from "../token-facts.ts";
import { check } from "./check.ts";
import { timeText, type Note } from "./finding.ts";

/** What the token says of itself. Nothing of it is verified, and nothing of it is secret. */
export const tokenCheck = check({
  id: "token",
  subject: "token",
  needs: ["credential"],
  run: ({ system, target }, { credential }) => {
    const { header } = credential;
    if (header?.kind !== "bearer") return { notes: [withoutToken(credential, target !== undefined)] };
    const facts = tokenFacts(header.token);
    const reach = reachBeyondCluster(header.token);
    return {
      notes: [
        factsNote(facts, system.now()),
        reach === undefined
          ? { ...REACH, state: "ok", found: "nothing in the token says that it is good beyond this cluster" }
          : {
              ...REACH,
              state: "warning",
              found: `the token is good beyond this cluster: ${reach}`,
              next: "kauth open sends it into a pod only with --send-token-to-pod",
            },
      ],
    };
  },
});

const REACH = { id: "reach", subject: "reach" };

/** Only who wants to open a UI needs a token. */
const withoutToken = ({ header, certificate }: Credential, wanted: boolean): Note => {
  const { message, hint } = noBearerToken(
    header?.kind === "basic" ? "basic" : certificate === undefined ? "none" : "certificate",
    { purpose: "sign in to a UI" },
  );
  return { state: wanted ? "bad" : "warning", found: message, next: hint };
};

const factsNote = (facts: TokenFacts, now: number): Note => {
  switch (facts.kind) {
    case "opaque":
      return { state: "ok", found: "it is opaque: only the cluster can read it" };
    case "google":
      return { state: "ok", found: "it is an access token of Google" };
    case "eks-broken":
      return {
        state: "bad",
        found: `it begins as a token of EKS, but ${facts.reason}`,
        next: "Look at what makes it: aws eks get-token, or aws-iam-authenticator token",
      };
    case "eks":
      return {
        state: facts.clusterIdSigned ? "ok" : "warning",
        found: [
          `token of EKS (unverified): host ${facts.host}`,
          `region ${facts.region ?? "not said"}`,
          facts.clusterIdSigned
            ? "the cluster's id is signed"
            : "no cluster's id is signed, so EKS will refuse it",
          `X-Amz-Date ${facts.signedAt === undefined ? "not said" : timeText(facts.signedAt)}`,
          `X-Amz-Expires ${facts.expires ?? "not said"}`,
          `access key id ${facts.accessKeyId ?? "not said"}`,
        ].join(", "),
        ...(facts.clusterIdSigned ? {} : { next: "Name the cluster to what makes the token" }),
      };
    case "jwt": {
      const early = facts.notBefore !== undefined && facts.notBefore > now;
      return {
        state: early ? "bad" : "ok",
        found: [
          `JWT (unverified): issuer ${facts.issuer ?? "not said"}`,
          `audience ${facts.audience.length === 0 ? "not said" : facts.audience.join(" ")}`,
          `subject ${facts.subject ?? "not said"}`,
          ...(facts.name === undefined ? [] : [`name ${facts.name}`]),
          ...(facts.groups.length === 0 ? [] : [`groups ${facts.groups.join(" ")}`]),
          `ends ${facts.expiresAt === undefined ? "never" : timeText(facts.expiresAt)}`,
          ...(early ? [`not valid before ${timeText(facts.notBefore ?? 0)}`] : []),
        ].join(", "),
        ...(early ? { next: "Check this machine's clock" } : {}),
      };
    }
  }
};
