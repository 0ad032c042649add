import fc from "fast-check";
import { KnownError } from "../../src/base/errors.ts";
import { diffMappings } from "../../src/iam/mapping/diff.ts";
import { MAPPING_FORMATS, readMappingDocument } from "../../src/iam/mapping/documents.ts";
import { lintMapping } from "../../src/iam/mapping/lint.ts";
import { lookupOf } from "../../src/iam/mapping/lookup.ts";
import { nearMisses } from "../../src/iam/mapping/near.ts";
import { writeMapping } from "../../src/iam/mapping/write.ts";
import { readInstances } from "../../src/iam/ec2/instances-answer.ts";
import { anyText, spoiled, type Wishes } from "./spoil.ts";

const ARN = "arn:aws:iam::111122223333:role/team-a";
const ROLES = `
- rolearn: ${ARN}
  username: a:{{SessionName}}
  groups: [g, &x h]
- sso: {permissionSetName: Admin, accountID: 012345678912}
  username: s
- rolearnLike: ${ARN.slice(0, -1)}*
  username: "{{SessionName}}"
`;
const indented = (text: string): string => text.replaceAll("\n", "\n  ");
const SAMPLES = [
  `apiVersion: v1\nkind: ConfigMap\ndata:\n  mapRoles: |${indented(indented(ROLES))}\n`,
  `clusterID: c\nserver:\n  port: 1\n  mapAccounts: [012345678901]\n  mapRoles:${indented(ROLES)}\n`,
  JSON.stringify({
    mapRoles: [{ rolearn: ARN, username: "a", userid: "AROA1" }],
    mapAccounts: ["111122223333"],
  }),
  `kind: IAMIdentityMapping\nmetadata: {name: a}\nspec: {arn: "${ARN}", username: a}\n`,
  JSON.stringify({ accessEntries: [{ accessEntry: { principalArn: ARN, kubernetesGroups: ["g"] } }] }),
];
const ANSWER = `<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><privateDnsName>a.b</privateDnsName></item></instancesSet></item></reservationSet></DescribeInstancesResponse>`;

const text = fc.oneof(
  spoiled(...SAMPLES).map((bytes) => bytes.toString("utf8")),
  fc.constantFrom(...SAMPLES),
  anyText(300).map((bytes) => Buffer.from(bytes).toString("utf8")),
);

/**
 * Whatever stands in a file of mappings, it is read or refused with a code; nobody is mapped by an entry that is wrong,
 * and what is read can be looked at and written in every form.
 */
export async function fuzzIamMapping({ runs, seed }: Wishes): Promise<void> {
  const who = { canonicalArn: ARN, account: "111122223333", userId: "AROA1" };
  let mapped = 0;
  await fc.assert(
    fc.asyncProperty(text, spoiled(ANSWER), async (source, answer) => {
      readInstances(answer.toString("latin1"));
      let document: Awaited<ReturnType<typeof readMappingDocument>>;
      try {
        document = await readMappingDocument(source, "a file");
      } catch (error) {
        if (error instanceof KnownError && error.code === "IAM_MAPPING") return;
        throw error;
      }
      const { table } = document.read;
      const found = lookupOf(table).find(who);
      if (found !== undefined) {
        mapped += 1;
        if (found.entry.username === "") throw new Error("somebody without a name");
      }
      lintMapping(document);
      nearMisses(table, { ...who, canonicalArn: ARN.replace("team-a", "team") });
      if (diffMappings(table, table).changes.length > 0) throw new Error("a table differs from itself");
      for (const format of MAPPING_FORMATS) await writeMapping(table, format, "c");
    }),
    { numRuns: runs, ...seed },
  );
  if (mapped === 0) throw new Error("nobody was mapped");
}
