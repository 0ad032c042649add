import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../test/house/source.ts";
import { PEOPLE, CLUSTER_ID, ACCOUNT } from "../../test/aws/iam-server-scene.ts";
import { callerIdentitySts } from "../../test/aws/caller-identity.ts";
import { Secret } from "../base/secret.ts";
import { realSystem } from "../base/system.ts";
import * as door from "./index.ts";

test("every name in docs/iam-library.md is one of the door", () => {
  const page = readFileSync(join(ROOT, "docs/iam-library.md"), "utf8");
  const names = [...page.matchAll(/^import \{ (.*) \} from "kauth\/iam";$/gm)].flatMap(([, list = ""]) =>
    list.split(", "),
  );
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(Object.keys(door)).toContain(name);
});

test("what is signed is verified, and mapped (F.4)", async () => {
  await using sts = await callerIdentitySts({ people: PEOPLE, clusterId: CLUSTER_ID });
  const system = { ...realSystem(), env: sts.env };
  const [[accessKeyId, person] = ["", undefined]] = Object.entries(PEOPLE);
  const sign = (clusterId: string): string =>
    door
      .mintToken({
        clusterId,
        endpoint: { scheme: "https", host: "sts.us-west-2.amazonaws.com", signingRegion: "us-west-2" },
        keys: {
          accessKeyId,
          secretAccessKey: new Secret(person?.secret ?? ""),
          sessionToken: person?.session === undefined ? undefined : new Secret(person.session),
        },
        now: system.now(),
      })
      .token.reveal();

  const identity = await door.verifyToken(sign(CLUSTER_ID), { clusterId: CLUSTER_ID }, system);
  expect(identity).toMatchObject({ account: ACCOUNT, arn: person?.arn, accessKeyId });
  await expect(door.verifyToken(sign("another"), { clusterId: CLUSTER_ID }, system)).rejects.toMatchObject({
    code: "IAM_STS_REFUSED",
  });
  await expect(
    door.verifyToken(sign(CLUSTER_ID), { clusterId: CLUSTER_ID, partition: "aws-nk" }, system),
  ).rejects.toThrow(RangeError);

  const text = `mapRoles: |\n  - {rolearn: "${identity.canonicalArn}", username: "u:{{AccountID}}"}\n`;
  const { read, reserved } = await door.readMappingDocument(text, "aws-auth.yaml");
  const map = door.createMapper({
    backends: () => [{ name: "EKSConfigMap", lookup: door.lookupOf(read.table) }],
    reserved,
    privateDnsName: () => Promise.reject(new Error("not expected")),
  });
  expect(await map(identity)).toMatchObject({ username: `u:${ACCOUNT}` });
});
