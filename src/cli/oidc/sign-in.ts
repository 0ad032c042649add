import {
  credentialOf,
  noteHandedOut,
  noteRenewed,
  signIn,
  singleFlight,
  type Credential,
  type Entry,
  type Least,
  type Storage,
} from "../../oidc/index.ts";
import type { Secret } from "../../base/secret.ts";
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
  /** What a server has refused, as it seems. */
  readonly refused?: Secret | undefined;
}

/** What a cache cannot answer. @throws as `signIn` */
export const signInNow = async (
  invocation: Invocation,
  request: SignInRequest,
): Promise<Credential | undefined> => {
  const found = credentialOf(await signInEntry(invocation, request), request.settings.useAccessToken);
  const { storage, key, info, refused } = request;
  const { system } = invocation;
  if (found !== undefined && storage !== undefined && info.given) {
    const asked = { key, token: found.token, place: storage.place };
    if (refused === undefined) noteHandedOut(asked, system);
    else noteRenewed(asked, system);
  }
  return found;
};

export async function signInEntry(invocation: Invocation, request: SignInRequest): Promise<Entry> {
  const { system, signal } = invocation;
  const { settings, storage, key, info, least, refused } = request;
  const signing = await readSignInSettings(invocation, settings);
  const command = loginCommand(invocation.options);
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
      refused,
      reach: { ca: settings.ca, verify: settings.verify, headers: settings.headers },
    },
    {
      system,
      signal,
      storage,
      singleFlight: singleFlight(
        { patience: signing.patience, loginCommand: command, place: storage?.place },
        system,
      ),
      presentation: terminalPresentation(system, {
        loginCommand: command,
        signing,
        info,
      }),
    },
  );
}
