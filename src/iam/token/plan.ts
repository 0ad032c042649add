import type { EpochMillis, Seconds } from "../../base/units.ts";
import type { SigningKeys } from "./sigv4.ts";

/** How a person's keys are come by, before anything is asked. */
export type Plan =
  | {
      readonly kind: "keys";
      readonly keys: SigningKeys;
      readonly from: string;
      /** Where that is known. */
      readonly expiresAt?: EpochMillis;
    }
  /** The keys of `source`, exchanged for those of a role. `forward`: its session is named as that of the keys. */
  | { readonly kind: "role"; readonly role: RoleWish; readonly source: Plan; readonly forward?: boolean }
  | {
      readonly kind: "web-identity";
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly sessionName: string | undefined;
    }
  | { readonly kind: "process"; readonly command: string; readonly profile: string }
  | { readonly kind: "sso"; readonly sso: SsoWish }
  /** `credential_source`, and what is left when nobody says anything: a container's, else the machine's. */
  | { readonly kind: "environment" | "container" | "machine" | "surroundings" };

export interface RoleWish {
  readonly arn: string;
  readonly externalId: string | undefined;
  readonly sessionName: string | undefined;
  readonly mfaSerial: string | undefined;
  /** Undefined: what STS takes for granted to the reference, 15 minutes. */
  readonly duration: Seconds | undefined;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly transitiveTags: readonly string[];
  readonly sourceIdentity: string | undefined;
}

export interface SsoWish {
  readonly profile: string;
  /** The name of the `[sso-session …]`; undefined in the old form, where the profile says all. */
  readonly session: string | undefined;
  readonly startUrl: string;
  readonly region: string;
  readonly accountId: string;
  readonly roleName: string;
}

/** Keys that were come by. */
export interface AwsKeys {
  readonly keys: SigningKeys;
  /** Undefined: they do not end by themselves. */
  readonly expiresAt: EpochMillis | undefined;
}

/** What is worth keeping: it took another machine, another program or a person. Keys at hand sign in less than a millisecond. */
export const isExpensive = (plan: Plan): boolean =>
  plan.kind === "role" || plan.kind === "web-identity" || plan.kind === "process" || plan.kind === "sso";
