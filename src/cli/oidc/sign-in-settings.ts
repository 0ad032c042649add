import { messageOf } from "../../base/errors.ts";
import type { SocketAddress } from "../../base/proc-net.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis, type Millis } from "../../base/units.ts";
import type { CallbackWishes, ClientKey, SubjectWishes, TokenSource } from "../../oidc/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { expandTilde } from "../tilde.ts";
import { flag, given, secondsOf, usage } from "./flags.ts";
import { slice } from "./go-values.ts";
import type { ProviderSettings } from "./settings.ts";
import { tokenSource } from "./token-source.ts";

/** What only a sign-in needs. */
export interface SignInSettings {
  readonly callback: CallbackWishes;
  readonly skipOpenBrowser: boolean;
  readonly browserCommand: string | undefined;
  readonly patience: Millis;
  readonly openNext: URL | undefined;
  readonly password: Secret | undefined;
  readonly clientAssertion: TokenSource | undefined;
  readonly clientKey: ClientKey | undefined;
  readonly subject: SubjectWishes | undefined;
}

/** A key or a chain of certificates. */
const PEM_LIMIT = KiB(256);
/** kubelogin's, tried in this order (oidc.md §1.2). */
const PORTS = [8000, 18_000];

/** @throws {KnownError} USAGE */
export async function readSignInSettings(
  { options, system }: Pick<Invocation, "options" | "system">,
  settings: Pick<ProviderSettings, "redirectUri" | "extra" | "subject">,
): Promise<SignInSettings> {
  const text = (name: string): string | undefined => given(options.string(name));
  const next = text("open-url-after-authentication");
  if (next !== undefined && !isWebAddress(next))
    throw usage(
      `Cannot use --open-url-after-authentication ${JSON.stringify(next)}: it must be an http or https URL`,
    );
  const password = text("password");
  const assertion = text("oidc-client-assertion");
  const key = await pemFile(options, "oidc-client-key", system);
  return {
    callback: await callbackWishes(options, settings, system),
    skipOpenBrowser: options.boolean("skip-open-browser"),
    browserCommand: text("browser-command"),
    patience: secondsOf(options, "authentication-timeout-sec") ?? millis(180_000),
    openNext: next === undefined ? undefined : new URL(next),
    password: password === undefined ? undefined : new Secret(password),
    clientAssertion:
      assertion === undefined ? undefined : tokenSource(assertion, "oidc-client-assertion", system),
    clientKey: key === undefined ? undefined : { key, id: text("oidc-client-key-id") },
    subject:
      settings.subject === undefined
        ? undefined
        : {
            token: tokenSource(settings.subject, "oidc-subject-token", system),
            type: text("oidc-subject-token-type") ?? "",
          },
  };
}

const isWebAddress = (text: string): boolean => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text);

const callbackWishes = async (
  options: ParsedOptions,
  { redirectUri, extra }: Pick<ProviderSettings, "redirectUri" | "extra">,
  system: System,
): Promise<CallbackWishes> => {
  const named = flag(options, "listen-address", slice).filter((address) => address !== "");
  const addresses = named.map(addressOf);
  for (const [index, at] of addresses.entries())
    if (!/^(?:127\.|::1$)/.test(at.address))
      system.log.warn(
        `Other machines may reach ${named[index] ?? ""}, where the browser's answer is waited for; kauth cannot tell who sends it`,
      );
  const cert = await pemFile(options, "local-server-cert", system);
  const key = await pemFile(options, "local-server-key", system);
  if ((cert === undefined) !== (key === undefined))
    throw usage(
      "Cannot wait for the answer over https: --local-server-cert and --local-server-key belong together",
    );
  if (redirectUri !== undefined && !isWebAddress(redirectUri))
    throw usage(
      `Cannot use --oidc-redirect-url ${JSON.stringify(redirectUri)}: it must be an http or https URL`,
    );
  return {
    ports: PORTS,
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(redirectUri === undefined ? {} : { redirectUri }),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert: cert.reveal(), key } }),
    formPost: extra.get("response_mode") === "form_post",
  };
};

/** Go's forms: `127.0.0.1:8000`, `localhost:8000`, `[::1]:8000`, and `:8000` for every address. */
const addressOf = (text: string): SocketAddress => {
  const found = /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<name>localhost)|(?<four>[0-9.]+)|):(?<port>\d{1,5})$/i.exec(
    text,
  );
  const { six, four, name, port = "" } = found?.groups ?? {};
  if (found === null || Number(port) > 65_535)
    throw usage(
      `Cannot use --listen-address ${JSON.stringify(text)}: it must be an address and a port, such as 127.0.0.1:8000`,
    );
  return { address: six ?? (name === undefined ? (four ?? "0.0.0.0") : "127.0.0.1"), port: Number(port) };
};

const pemFile = async (options: ParsedOptions, name: string, system: System): Promise<Secret | undefined> => {
  const path = given(options.string(name));
  if (path === undefined) return undefined;
  try {
    return new Secret((await system.files.read(expandTilde(path, system), PEM_LIMIT)).toString("utf8"));
  } catch (error) {
    throw usage(`Cannot read --${name} ${JSON.stringify(path)}: ${messageOf(error)}`);
  }
};
