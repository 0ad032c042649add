import { expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import { execCredential, execVersion } from "./exec-credential.ts";

test.each([
  [undefined, "v1beta1"],
  ["", "v1beta1"],
  ["{", "v1beta1"],
  ["null", "v1beta1"],
  ['{"apiVersion":7}', "v1beta1"],
  ['{"apiVersion":""}', "v1beta1"],
  ['{"apiVersion":"client.authentication.k8s.io/v9"}', "v1beta1"],
  ['{"apiVersion":"client.authentication.k8s.io/v1beta1"}', "v1beta1"],
  ['{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}', "v1"],
  ['{"apiVersion":"client.authentication.k8s.io/v1alpha1"}', "v1alpha1"],
])("the version that %j asks for is %s", (info, version) => {
  expect(execVersion(info)).toBe(`client.authentication.k8s.io/${version}`);
});

test("what is printed is what the reference prints", () => {
  const token = {
    token: new Secret("k8s-aws-v1.x"),
    expiresAt: epochMillis(Date.parse("2012-11-01T22:08:41.9Z")),
  };
  expect(execCredential(token, execVersion(undefined))).toBe(
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},"status":{"expirationTimestamp":"2012-11-01T22:08:41Z","token":"k8s-aws-v1.x"}}',
  );
});
