import { KnownError, messageOf } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import { readKeyDocument } from "./key-document.ts";
import type { AwsKeys } from "./plan.ts";

/** Where the keys of a container are: an agent of ECS's or EKS's beside it. */
export interface ContainerPlace {
  readonly url: URL;
  /** Sent along; the file wins, and is read each time: its content changes. */
  readonly tokenFile: string | undefined;
  readonly token: Secret | undefined;
}

/** The agent is on the same machine. */
const TIMEOUT = millis(5000);
const LIMIT = KiB(64);
const ECS = "http://169.254.170.2";
/** Of ECS, and of EKS Pod Identity by IPv4 and IPv6: what is sent there leaves the machine no more than by loopback. */
const LINK_LOCAL: ReadonlySet<string> = new Set(["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]);

/**
 * What the container's environment says; undefined where it says nothing.
 * @throws {KnownError} AWS_CONTAINER
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function containerPlace(env: System["env"]): ContainerPlace | undefined {
  const full = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "";
  const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ?? "";
  if (full === "" && relative === "") return undefined;
  const tokenFile = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] ?? "";
  const token = env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "";
  return {
    url: full === "" ? ecsUrl(relative) : agentUrl(full),
    tokenFile: tokenFile === "" ? undefined : tokenFile,
    token: token === "" ? undefined : new Secret(token),
  };
}

const ecsUrl = (path: string): URL => {
  // Without the slash it would lengthen the host's name.
  if (path.startsWith("/")) {
    const url = URL.canParse(ECS + path) ? new URL(ECS + path) : undefined;
    if (url?.origin === ECS) return url;
  }
  throw failed(`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with "/", not ${JSON.stringify(path)}`);
};

const agentUrl = (text: string): URL => {
  const name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw failed(`${name} must be an http or https URL, not ${JSON.stringify(text)}`);
  if (url.protocol === "https:" || LINK_LOCAL.has(url.hostname) || isLoopback(url.hostname)) return url;
  throw failed(
    `invalid endpoint host, ${JSON.stringify(url.hostname)}, only loopback/ecs/eks hosts are allowed\n${name} may name another host by https only`,
  );
};

/** As `URL` writes hosts, so that every spelling of an address is the same. */
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/**
 * Asks the agent. Never through a proxy: its machine's keys are not ours.
 * @throws {KnownError} AWS_CONTAINER and those of `sendHttp`
 */
export async function containerKeys(
  place: ContainerPlace,
  system: System,
  signal?: AbortSignal,
): Promise<AwsKeys> {
  const token = await tokenOf(place, system);
  const { status, body } = await sendHttp(
    {
      method: "GET",
      url: place.url,
      headers: [
        ["Accept", "application/json"],
        ...(token === undefined ? [] : ([["Authorization", token.reveal()]] as const)),
      ],
      timeout: TIMEOUT,
      limit: LIMIT,
      ...(signal === undefined ? {} : { signal }),
    },
    { ...system, env: {} },
  );
  if (status !== 200) throw failed(`${place.url.host} answered ${status}`);
  return readKeyDocument(body, {
    session: "Token",
    sessionOptional: false,
    fail: (reason) => failed(`what the agent answered ${reason}`),
  });
}

const tokenOf = async (place: ContainerPlace, system: System): Promise<Secret | undefined> => {
  let text = place.token?.reveal();
  if (place.tokenFile !== undefined)
    try {
      text = (await system.files.read(place.tokenFile, LIMIT)).toString("utf8").trim();
    } catch (error) {
      throw failed(`the token file "${place.tokenFile}" cannot be read: ${messageOf(error)}`);
    }
  if (text === undefined) return undefined;
  if (!/^[\x20-\x7e]+$/.test(text)) throw failed("the token for the agent is no value of a header");
  return new Secret(text);
};

const failed = (reason: string): KnownError =>
  new KnownError("AWS_CONTAINER", `Cannot get the keys of this container: ${reason}`);
