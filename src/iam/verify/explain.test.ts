import { expect, test } from "vitest";
import { NOW, RIGHT, tokenOf, urlWith } from "../../../test/vectors/iam-token.ts";
import { epochMillis } from "../../base/units.ts";
import { partitionNamed, type Partition } from "../partitions.ts";
import { explainToken } from "./explain.ts";

const settings = { partition: partitionNamed("aws") as Partition, now: epochMillis(NOW) };
const having = (token: string, outcome: string): readonly string[] =>
  explainToken(token, settings)
    .filter((rule) => rule.outcome === outcome)
    .map(({ id }) => id);

test("of a right token every rule holds", () => {
  expect([...having(RIGHT, "broken"), ...having(RIGHT, "hidden")]).toEqual([]);
});

test("every broken rule is named, not only the first", () => {
  const token = tokenOf(
    urlWith({ Version: "1", "X-Amz-Date": "20260102T020405Z", "X-Amz-Signature": undefined }),
  );
  expect(having(token, "broken")).toEqual(["expired", "version", "signature"]);
});

test("what cannot be looked at is neither right nor wrong", () => {
  expect(having("k8s-aws-v2.x", "broken")).toEqual(["prefix"]);
  expect(having("k8s-aws-v2.x", "holds")).toEqual(["size"]);
});
