import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalArn, parseArn, withoutPath } from "./arn.ts";
import { keysOf } from "./mapping/subject.ts";
import { fillTemplate } from "./mapping/template.ts";
import { PARTITIONS } from "./partitions.ts";

const PARAMETERS = { numRuns: 2000 };
const name = fc.stringMatching(/^[\w+=,.@-]{1,20}$/);
const partition = fc.constantFrom(...PARTITIONS.map((each) => each.name));
const account = fc.stringMatching(/^\d{12}$/);
const path = fc.array(name, { maxLength: 3 });

test("a session's ARN becomes its role's, whatever the names", () => {
  fc.assert(
    fc.property(partition, account, path, name, name, (of, id, folders, role, session) => {
      const where = [...folders, role].join("/");
      const found = canonicalArn(`arn:${of}:sts::${id}:assumed-role/${where}/${session}`);
      expect(found).toEqual({ arn: `arn:${of}:iam::${id}:role/${where}` });
    }),
    PARAMETERS,
  );
});

test("what is canonical stays as it is, and so does what has no path", () => {
  const anyArn = fc
    .tuple(
      fc.constantFrom("iam", "sts", "s3", ""),
      fc.constantFrom("role", "user", "root", "assumed-role", "federated-user", "group", ""),
      partition,
      account,
      path,
    )
    .map(([service, kind, of, id, parts]) => `arn:${of}:${service}::${id}:${[kind, ...parts].join("/")}`);
  fc.assert(
    fc.property(fc.oneof(anyArn, fc.string()), (text) => {
      const once = canonicalArn(text);
      if ("fault" in once) {
        expect(keysOf(text)).toBeUndefined();
        return;
      }
      expect(canonicalArn(once.arn)).toEqual(once);
      const bare = withoutPath(once.arn);
      expect(withoutPath(bare)).toBe(bare);
      expect(keysOf(once.arn)).toEqual(keysOf(text));
      // Nobody changes account or partition on the way.
      expect(parseArn(bare)).toMatchObject(
        [parseArn(text)].map((arn) =>
          typeof arn === "string" ? {} : { partition: arn.partition, account: arn.account },
        )[0] ?? {},
      );
    }),
    PARAMETERS,
  );
});

test("each place of a template is filled once, and nothing else changes", () => {
  const values = {
    account: fc.stringMatching(/^\d{12}$/),
    sessionName: fc.oneof(name, fc.constantFrom("{{AccountID}}", "$&", "{{SessionName}}", "$1", "a@b")),
    accessKeyId: name,
    privateDnsName: fc.oneof(name, fc.constant("{{AccessKeyID}}")),
  };
  const place = fc.constantFrom(
    "AccountID",
    "SessionName",
    "SessionNameRaw",
    "AccessKeyID",
    "EC2PrivateDNSName",
  );
  const part = fc.oneof(
    place.map((each) => ({ place: each })),
    fc.string({ unit: fc.constantFrom("a", ":", "{", "$", "-"), maxLength: 5 }).map((text) => ({ text })),
  );
  fc.assert(
    fc.property(fc.record(values), fc.array(part, { maxLength: 6 }), (facts, parts) => {
      const of: Readonly<Record<string, string>> = {
        AccountID: facts.account,
        SessionName: facts.sessionName.replaceAll("@", "-"),
        SessionNameRaw: facts.sessionName,
        AccessKeyID: facts.accessKeyId,
        EC2PrivateDNSName: facts.privateDnsName,
      };
      const template = parts.map((each) => ("place" in each ? `{{${each.place}}}` : each.text)).join("");
      const wanted = parts.map((each) => ("place" in each ? of[each.place] : each.text)).join("");
      expect(fillTemplate(template, facts)).toBe(wanted);
    }),
    PARAMETERS,
  );
});
