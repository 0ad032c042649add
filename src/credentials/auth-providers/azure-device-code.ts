import { DecodeError, fallback, object, optional, string } from "../../base/decode.ts";
import type { System } from "../../base/system.ts";
import { between, millis, seconds, toMillis, type Millis } from "../../base/units.ts";
import type { AzureEndpoints } from "./azure-cloud.ts";
import { readAzureToken, type AzureToken } from "./azure-token.ts";
import { secretsOf, withoutEcho } from "../../base/echo.ts";
import { numeric, postForm } from "./oauth-token.ts";
import { failed, within } from "./provider.ts";
import { excerpt, parseQuietly } from "../../base/quote.ts";

const WHERE = "autorest/adal/devicetoken:";
const WHILE_TOKEN = `${WHERE} Error while retrieving OAuth token:`;

/** Azure says 5; without an answer of its own a second is not too often. */
const INTERVAL = { usual: 5, least: 1, most: 60 } as const;
/** Azure's codes are good for 15 minutes; none is waited for longer than an hour. */
const LIFE = { usual: 900, most: 3600 } as const;
/** go-autorest's patience with a server that asks for more time. */
const SLOWEST = 3;
/** The message is a sentence with a link and a code. */
const MESSAGE_LIMIT = 1000;

export interface DeviceSignIn {
  readonly endpoints: AzureEndpoints;
  readonly clientId: string;
  readonly resource: string;
  /** Written to the kubeconfig. */
  readonly environment: string;
  readonly signal: AbortSignal;
}

const codeShape = object({
  device_code: fallback(string, ""),
  message: fallback(string, ""),
  user_code: fallback(string, ""),
  verification_url: fallback(string, ""),
  interval: optional(numeric),
  expires_in: optional(numeric),
});

/**
 * Azure's device code flow of the first version: shows the message on stderr, and asks the token endpoint until the
 * person has signed in. @throws {KnownError} AUTH_PROVIDER_FAILED with go-autorest's texts, or the network's
 */
export async function signInByDeviceCode(wanted: DeviceSignIn, system: System): Promise<AzureToken> {
  const code = await startDeviceCode(wanted, system).catch((error: unknown) => {
    throw within("initialing the device code authentication", error);
  });
  system.log.say(code.message);
  try {
    return await waitForToken(wanted, code, system);
  } catch (error) {
    if (wanted.signal.aborted) throw error;
    throw within("waiting for device code authentication to complete", error);
  }
}

interface DeviceCode {
  readonly code: string;
  readonly message: string;
  readonly interval: Millis;
  readonly life: Millis;
}

const startDeviceCode = async (wanted: DeviceSignIn, system: System): Promise<DeviceCode> => {
  const form = { client_id: wanted.clientId, resource: wanted.resource };
  const answer = await postForm({ url: wanted.endpoints.deviceCode, form }, system).catch(
    (error: unknown) => {
      throw within(`${WHERE} Error occurred while sending request for Device Authorization Code`, error);
    },
  );
  const handling = `${WHERE} Error occurred while handling response from the Device Endpoint`;
  if (answer.status !== 200)
    throw failed(
      `${handling}: Error HTTP status != 200`,
      `It answered ${answer.status}: ${excerpt(answer.body)}`,
    );
  if (answer.body.trim() === "")
    throw failed(`${WHERE} Error while retrieving device code: Device Code Empty`);
  try {
    const fields = codeShape(parseQuietly(answer.body), "");
    if (fields.device_code === "") throw new DecodeError("device_code", "text", undefined);
    const message =
      fields.message ||
      `To sign in, open ${fields.verification_url} in a browser and enter ${fields.user_code}`;
    const interval = Math.min(Math.max(fields.interval ?? INTERVAL.usual, INTERVAL.least), INTERVAL.most);
    return {
      code: fields.device_code,
      message: message.slice(0, MESSAGE_LIMIT),
      interval: toMillis(seconds(interval)),
      life: toMillis(seconds(Math.min(fields.expires_in ?? LIFE.usual, LIFE.most))),
    };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw failed(`${handling}: ${error.message}`);
  }
};

const waitForToken = async (wanted: DeviceSignIn, code: DeviceCode, system: System): Promise<AzureToken> => {
  const began = system.now();
  let pause = code.interval;
  for (;;) {
    const said = await askForToken(wanted, code.code, system);
    if (typeof said !== "string") return said;
    if (said === "slow_down") pause = millis(pause * 2);
    if (pause > code.interval * SLOWEST)
      throw failed(
        `${WHERE} Error waiting for user to complete device flow. Server told us to slow_down too much`,
      );
    if (between(began, system.now()) >= code.life) throw failed(`${WHILE_TOKEN} Code Expired`);
    await system.sleep(pause, wanted.signal);
  }
};

const errorShape = object({ error: optional(string) });

/** A token, or what to wait for. */
const askForToken = async (
  wanted: DeviceSignIn,
  code: string,
  system: System,
): Promise<AzureToken | "authorization_pending" | "slow_down"> => {
  const form = { client_id: wanted.clientId, code, grant_type: "device_code", resource: wanted.resource };
  const answer = await postForm({ url: wanted.endpoints.token, form }, system).catch((error: unknown) => {
    throw within(`${WHERE} Error occurred while sending request with device code for a token`, error);
  });
  const handling = `${WHERE} Error occurred while handling response from the Token Endpoint (during device flow)`;
  if (answer.body.trim() === "")
    throw failed(
      answer.status === 200 ? `${WHILE_TOKEN} Token Empty` : `${handling}: Error HTTP status != 200`,
    );
  try {
    const { error } = errorShape(parseQuietly(answer.body), "");
    switch (error) {
      case undefined:
        return readAzureToken(answer, wanted.environment, system.now());
      case "authorization_pending":
      case "slow_down":
        return error;
      case "access_denied":
        throw failed(`${WHILE_TOKEN} Access Denied`);
      case "code_expired":
        throw failed(`${WHILE_TOKEN} Code Expired`);
      default:
        throw failed(
          `${WHILE_TOKEN} Unknown Error`,
          `The server said: ${excerpt(withoutEcho(error, secretsOf(form)))}`,
        );
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw failed(`${handling}: ${error.message}`);
  }
};
