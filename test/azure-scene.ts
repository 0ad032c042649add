import {
  fakeCloud,
  person,
  START,
  type Answer,
  type Asked,
  type FakeCloud,
  type Person,
} from "./auth-provider-scene.ts";

/** Azure's sign-in and a person whose kubeconfig names it. */

export const NOW = START / 1000;
export const IDS = { "client-id": "client", "tenant-id": "tenant", "apiserver-id": "server" };
export const stored = (expiresOn: number): Readonly<Record<string, string>> => ({
  ...IDS,
  environment: "AzurePublicCloud",
  "access-token": "canary-old",
  "refresh-token": "canary-r1",
  "expires-in": "3600",
  "expires-on": String(expiresOn),
});
export const token = (name: string, expiresOn = NOW + 3600, rest: object = {}): Answer => ({
  body: {
    token_type: "Bearer",
    access_token: `canary-${name}`,
    refresh_token: `canary-r-${name}`,
    expires_in: "3600",
    expires_on: String(expiresOn),
    resource: "spn:server",
    ...rest,
  },
});
export const CODE: Answer = {
  body: {
    device_code: "canary-device",
    user_code: "ABC-123",
    verification_url: "https://microsoft.com/devicelogin",
    message: "To sign in, open https://microsoft.com/devicelogin\u001b[2J and enter the code ABC-123",
    interval: "5",
    expires_in: "900",
  },
};
export const pending: Answer = { status: 400, body: { error: "authorization_pending" } };

export interface Azure {
  readonly device?: readonly (Answer | "cut")[];
  readonly poll?: readonly (Answer | "cut")[];
  readonly refresh?: readonly (Answer | "cut")[];
}

export const isDevice = ({ path }: Asked): boolean => path.includes("/devicecode");
export const isRefresh = ({ form }: Asked): boolean => form["grant_type"] === "refresh_token";

export const azure = async ({
  device = [CODE],
  poll = [token("new")],
  refresh = [],
}: Azure): Promise<FakeCloud> => {
  const turns = { device: 0, poll: 0, refresh: 0 };
  return await fakeCloud((asked) => {
    const next = isDevice(asked)
      ? device[turns.device++]
      : isRefresh(asked)
        ? refresh[turns.refresh++]
        : poll[turns.poll++];
    return next ?? { status: 500, body: "" };
  });
};

export const someone = async (
  config: Readonly<Record<string, string>>,
  cloud?: FakeCloud,
  level = 0,
): Promise<Person> =>
  await person("azure", config, { level, dreams: true, ...(cloud === undefined ? {} : { env: cloud.env }) });

export const ACQUIRING = "acquiring a token for authorization header: ";
export const DEVICE = `${ACQUIRING}failed acquiring new token: `;
export const WAITING = `${DEVICE}waiting for device code authentication to complete: autorest/adal/devicetoken: `;
