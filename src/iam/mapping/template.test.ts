import { expect, test } from "vitest";
import { fillTemplate, instanceOf } from "./template.ts";

const facts = {
  account: "123",
  sessionName: "jdoe@example.com",
  accessKeyId: "AKIA",
  privateDnsName: undefined,
};

test.each<readonly [string, string | undefined]>([
  ["a-{{AccountID}}-b", "a-123-b"],
  ["{{AccessKeyID}}", "AKIA"],
  ["{{SessionName}}", "jdoe-example.com"],
  ["{{SessionNameRaw}}", "jdoe@example.com"],
  ["{{AccountID}}{{SessionName}}{{AccessKeyID}}", "123jdoe-example.comAKIA"],
  ["{{Unknown}} $& $1", "{{Unknown}} $& $1"],
  ["system:node:{{EC2PrivateDNSName}}", undefined],
])("%s becomes %s", (template, text) => {
  expect(fillTemplate(template, facts)).toBe(text);
});

test("a value is never read as a template again", () => {
  const sessionName = "{{AccessKeyID}}";
  expect(fillTemplate("{{SessionName}}", { ...facts, sessionName })).toBe(sessionName);
});

test("without a session there is no name of one", () => {
  expect(fillTemplate("admin:{{SessionName}}", { ...facts, sessionName: "" })).toBeUndefined();
});

test.each([
  ["i-0c6f21bf1f24f9708", "i-0c6f21bf1f24f9708"],
  ["i-aaaaa", undefined],
])("%s is the instance %s", (name, instance) => {
  expect(instanceOf(name)).toBe(instance);
});
