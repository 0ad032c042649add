import fc from "fast-check";
import { readExecCredential } from "../../src/credentials/exec-credential.ts";
import { CANARY, judged, reshaped, spoiled, type Wishes } from "./spoil.ts";

const VERSION = "client.authentication.k8s.io/v1";
const TOKEN = { apiVersion: VERSION, kind: "ExecCredential", spec: {}, status: { token: CANARY } };
const PAIR = {
  apiVersion: VERSION,
  kind: "ExecCredential",
  status: {
    token: CANARY,
    expirationTimestamp: "2099-01-02T15:04:05.123+01:00",
    clientCertificateData: `-----BEGIN CERTIFICATE-----\n${CANARY}\n-----END CERTIFICATE-----\n`,
    clientKeyData: `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`,
  },
};
const YAML = `apiVersion: ${VERSION}
kind: ExecCredential
status:
  token: ${CANARY}
  expirationTimestamp: "2099-01-02T15:04:05Z"
`;

const output = fc.oneof(
  spoiled(JSON.stringify(TOKEN), JSON.stringify(PAIR, undefined, 2), YAML).map((bytes) =>
    bytes.toString("utf8"),
  ),
  reshaped(TOKEN, PAIR).map((value) => JSON.stringify(value) ?? ""),
);

/** What a plugin may print. A credential that comes of it has something to show, and an end that is a time. */
export async function fuzzExecCredential({ runs, seed }: Wishes): Promise<void> {
  await fc.assert(
    fc.asyncProperty(output, fc.constantFrom(VERSION, `${VERSION}beta1`), async (stdout, wanted) => {
      const credential = await judged(async () => await readExecCredential(stdout, wanted, "plugin"));
      if (credential === undefined) return;
      if (credential.header === undefined && credential.certificate === undefined)
        throw new Error("a credential of nothing");
      if (credential.expiresAt !== undefined) new Date(credential.expiresAt).toISOString();
      if (credential.header?.kind === "bearer" && !/^[!-~]{1,16384}$/.test(credential.header.token.reveal()))
        throw new Error("a token that no header can carry");
    }),
    { numRuns: runs, ...seed },
  );
}
