/** A cloud of Microsoft's as go-autorest knows it (credentials.md §3.3). */
export interface AzureCloud {
  /** Written to the kubeconfig, and understood by Azure's kubelogin. */
  readonly name: string;
  /** Who signs people in. */
  readonly authority: string;
}

const PUBLIC: AzureCloud = { name: "AzurePublicCloud", authority: "https://login.microsoftonline.com" };
const US: AzureCloud = { name: "AzureUSGovernmentCloud", authority: "https://login.microsoftonline.us" };
const CHINA: AzureCloud = { name: "AzureChinaCloud", authority: "https://login.chinacloudapi.cn" };
const GERMANY: AzureCloud = { name: "AzureGermanCloud", authority: "https://login.microsoftonline.de" };

/** In any case of letters. */
const CLOUDS: ReadonlyMap<string, AzureCloud> = new Map([
  ["azurecloud", PUBLIC],
  ["azurepubliccloud", PUBLIC],
  ["azureusgovernment", US],
  ["azureusgovernmentcloud", US],
  ["azurechinacloud", CHINA],
  ["azuregermancloud", GERMANY],
]);

/** The public cloud where the name says nothing. */
export const azureCloud = (name: string): AzureCloud => CLOUDS.get(name.toLowerCase()) ?? PUBLIC;

export interface AzureEndpoints {
  readonly deviceCode: URL;
  readonly token: URL;
}

/** The first version of the endpoints, whose tokens have the audience with `spn:`, is asked for by name. */
export const azureEndpoints = (cloud: AzureCloud, tenant: string, mode: 0 | 1): AzureEndpoints => {
  const at = (name: string): URL =>
    // A tenant is a name or a number; whatever else it holds must not lead to another host.
    new URL(
      `${cloud.authority}/${encodeURIComponent(tenant)}/oauth2/${name}${mode === 0 ? "?api-version=1.0" : ""}`,
    );
  return { deviceCode: at("devicecode"), token: at("token") };
};
