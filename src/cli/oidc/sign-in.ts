import {
  credentialOf,
  signIn,
  type Credential,
  type Entry,
  type Least,
  type SingleFlight,
  type Storage,
} from "../../oidc/index.ts";
import type { Invocation } from "../command.ts";
import type { ExecInfo } from "./exec-info.ts";
import { loginCommand } from "./login-command.ts";
import { terminalPresentation } from "./presentation.ts";
import type { CacheSettings, ProviderSettings } from "./settings.ts";
import { readSignInSettings } from "./sign-in-settings.ts";

export interface SignInRequest {
  readonly settings: ProviderSettings & CacheSettings;
  readonly storage: Storage | undefined;
  readonly key: string;
  readonly info: ExecInfo;
  readonly least: Least;
}

/** What a cache cannot answer. @throws as `signIn` */
export const signInNow = async (
  invocation: Invocation,
  request: SignInRequest,
): Promise<Credential | undefined> =>
  credentialOf(await signInEntry(invocation, request), request.settings.useAccessToken);

export async function signInEntry(invocation: Invocation, request: SignInRequest): Promise<Entry> {
  const { system, signal } = invocation;
  const { settings, storage, key, info, least } = request;
  const signing = await readSignInSettings(invocation, settings);
  if (settings.useAccessToken && settings.audience === undefined)
    system.log.warn(
      "Whom the access token is for is not checked: name the API server's audience with --oidc-access-token-audience",
    );
  return await signIn(
    {
      ...settings,
      ...signing,
      key,
      least,
      reach: { ca: settings.ca, verify: settings.verify, headers: settings.headers },
    },
    {
      system,
      signal,
      storage,
      singleFlight: alone,
      presentation: terminalPresentation(system, {
        loginCommand: loginCommand(invocation.options),
        signing,
        info,
      }),
    },
  );
}

const alone: SingleFlight = async (_key, lead, { signal }) => await lead(signal);
