import type { Chain } from "./chain.ts";
import type { AwsKeys, SsoWish } from "./plan.ts";
import { KnownError } from "../../base/errors.ts";
export async function ssoKeys(wish: SsoWish, chain: Chain): Promise<AwsKeys> {
  throw new KnownError("AWS_SSO", `${wish.profile} ${chain.system.cwd}`);
}
