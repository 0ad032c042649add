import { integer, object } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { readKeyDocument } from "./key-document.ts";
import type { AwsKeys } from "./plan.ts";

const versionShape = object({ Version: integer });

/**
 * What a `credential_process` printed.
 * @throws {KnownError} AWS_PROCESS
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export function processKeys(printed: string, profile: string): AwsKeys {
  const fail = (reason: string): KnownError =>
    new KnownError("AWS_PROCESS", `What the credential_process of profile "${profile}" printed ${reason}`);
  return readKeyDocument(printed, { session: "SessionToken", sessionOptional: true, fail }, (document) => {
    const { Version } = versionShape(document, "");
    if (Version !== 1) throw fail(`is wrong: unsupported version '${Version}', it must be 1`);
  });
}
