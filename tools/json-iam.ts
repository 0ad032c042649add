import type { Row } from "../src/cli/iam/cache.ts";
import type { ExplainDocument, TokenSays } from "../src/cli/iam/explain.ts";
import type { MappingVerdict, NearEntry } from "../src/cli/iam/mapped.ts";
import type { LintedFile } from "../src/cli/iam/mapping-lint.ts";
import type { VerifyDocument } from "../src/cli/iam/verify.ts";
import {
  MAPPING_FORMATS,
  type ExplainedRule,
  type LintFinding,
  type MappingChange,
  type MappingDiff,
} from "../src/iam/index.ts";
import { documented, type Documented, type Sentences } from "./json-document.ts";

const VERDICT: Sentences<MappingVerdict> = {
  canonicalArn: "ARN of the role or user that is looked for. Missing where only the account is known.",
  account: "Number of its account.",
  user: "Object: who that is in the cluster. Missing where it is nobody.",
  reason: "Why it is nobody, in words. Missing where it is somebody.",
  near: "List of objects: entries that nearly match.",
};

const USER = {
  username: "Name in the cluster.",
  groups: "List of groups in the cluster.",
  by: "Entry that says so, in words.",
} satisfies Sentences<NonNullable<MappingVerdict["user"]>>;

const NEAR: Sentences<NearEntry> = {
  entry: "Which entry, in words.",
  username: "Whom it would make of its own.",
  reason: "Why it does not match, in words.",
};

const DEVELOPER: MappingVerdict = {
  canonicalArn: "arn:aws:iam::111122223333:role/Dev",
  account: "111122223333",
  user: {
    username: "developer",
    groups: ["developers"],
    by: "mapRoles[0], arn:aws:iam::111122223333:role/dev",
  },
  reason: undefined,
  near: [],
};

export const IAM_DOCUMENTS: Readonly<Record<string, Documented>> = {
  "iam cache list": documented<Row>({
    says: "writes a list of objects, one for each entry that is still good. No secret is in it.",
    keys: {
      kind: "`keys` or `token`.",
      cluster: "Id of the cluster that a token is for. Missing with keys.",
      source: "Where the keys are from.",
      profile: "Profile of AWS's files. Missing where none says it.",
      role: "ARN of the role. Missing where none was taken.",
      expiresAt: "When it ends, in ISO 8601.",
    },
    example: [
      {
        kind: "keys",
        cluster: undefined,
        source: "role",
        profile: "dev",
        role: "arn:aws:iam::111122223333:role/Dev",
        expiresAt: "2026-11-24T10:00:00.000Z",
      },
    ],
  }),
  "iam verify": documented<VerifyDocument>({
    says: "writes one object: whom AWS takes the token's maker for. The names are those of aws-iam-authenticator.",
    keys: {
      ARN: "As AWS says it.",
      CanonicalARN: "The same as mappings name it: of a session its role.",
      AccountID: "Number of the account.",
      UserID: "Unique id of the role or user (`AROA…`, `AIDA…`).",
      SessionName: "Of the session; empty where it is a user.",
      AccessKeyID: "Access key that the token was signed with.",
      STSEndpoint: "Host that was asked.",
    },
    example: {
      ARN: "arn:aws:sts::111122223333:assumed-role/Dev/alice",
      CanonicalARN: "arn:aws:iam::111122223333:role/Dev",
      AccountID: "111122223333",
      UserID: "AROAEXAMPLE",
      SessionName: "alice",
      AccessKeyID: "ASIAEXAMPLE",
      STSEndpoint: "sts.us-west-2.amazonaws.com",
    },
  }),
  "iam explain": documented<ExplainDocument>({
    says: "writes one object: what the token says of itself. AWS has not been asked.",
    keys: {
      right: "Whether every rule holds.",
      rules: "List of objects, one a rule.",
      token: "Object: what stands in the token.",
      clusterId:
        "What `--cluster-id`, its variable or the file of `--config` says; a token does not say it. Missing without one.",
      mapping:
        "Object: who that would be. Missing without `--mapping`, and where not even the account is known.",
    },
    parts: {
      rules: {
        id: "Name of the rule; the same in every release.",
        title: "What it wants, in words.",
        outcome:
          "`holds`, `broken` or `hidden` (an earlier rule is broken so that there is nothing to look at).",
        reason: "Why it is broken, in words. Missing where it is not.",
      } satisfies Sentences<ExplainedRule>,
      token: {
        bytes: "Its length.",
        host: "Host that it asks. Missing where it cannot be read, like all that follows.",
        signedAt: "When it was signed, in ISO 8601. Missing like `host`.",
        age: "Seconds since then by this clock; below 0, where it is ahead. Missing like `host`.",
        goodUntil: "When AWS refuses it from, in ISO 8601. Missing like `host`.",
        accessKeyId: "Access key that it was signed with. Missing like `host`.",
        temporary: "Whether the key is one that ends by itself. Missing like `host`.",
        account: "Number of the account, as the key says itself. Missing where the key does not say it.",
        region: "Region that it was signed for. Missing like `host`.",
      } satisfies Sentences<TokenSays>,
      mapping: VERDICT,
      "mapping.user": USER,
      "mapping.near": NEAR,
    },
    example: {
      right: true,
      rules: [{ id: "prefix", title: "begins with k8s-aws-v1.", outcome: "holds", reason: undefined }],
      token: {
        bytes: 1200,
        host: "sts.us-west-2.amazonaws.com",
        signedAt: "2026-11-24T10:00:00.000Z",
        age: 12,
        goodUntil: "2026-11-24T10:15:00.000Z",
        accessKeyId: "ASIAEXAMPLE",
        temporary: true,
        account: "111122223333",
        region: "us-west-2",
      },
      clusterId: "my-cluster",
      mapping: DEVELOPER,
    },
  }),
  "iam mapping lint": documented<{ readonly files: readonly LintedFile[] }>({
    says: "writes one object.",
    keys: { files: "List of objects, in the order of the command line." },
    parts: {
      files: {
        file: "Path, or `-`.",
        format: `${MAPPING_FORMATS.map((each) => `\`${each}\``).join(", ")}: the form that the file has.`,
        entries: "Number of entries that count.",
        accounts: "Number of whole accounts that count.",
        findings: "List of objects: what is wrong or odd.",
      } satisfies Sentences<LintedFile>,
      "files.findings": {
        level:
          "`fault`: it counts for nothing, or refuses the whole file. `warning`: it counts, and is perhaps not what is meant.",
        text: "What is so, in words.",
      } satisfies Sentences<LintFinding>,
    },
    example: {
      files: [
        {
          file: "aws-auth.yaml",
          format: "aws-auth",
          entries: 2,
          accounts: 0,
          findings: [{ level: "warning", text: "mapRoles[1]: it has no group" }],
        },
      ],
    },
  }),
  "iam mapping test": documented<MappingVerdict>({
    says: "writes one object: who that is in the cluster.",
    keys: VERDICT,
    parts: { user: USER, near: NEAR },
    example: DEVELOPER,
  }),
  "iam mapping diff": documented<MappingDiff>({
    says: "writes one object: who becomes somebody else. It ends with 1 where something changes.",
    keys: {
      changes: "List of objects, one for each role, user or account that changes.",
      losesAdmins: "Whether somebody had the group `system:masters` and nobody has it any more.",
    },
    parts: {
      changes: {
        subject: "Whom the entries are for: an ARN or an account.",
        before: "Object: `username` and `groups` before. Missing where it was nobody.",
        after: "The same afterwards. Missing where it is nobody any more.",
      } satisfies Sentences<MappingChange>,
    },
    example: {
      changes: [
        {
          subject: "arn:aws:iam::111122223333:role/Dev",
          before: { username: "developer", groups: ["developers"] },
          after: { username: "developer", groups: ["viewers"] },
        },
      ],
      losesAdmins: false,
    },
  }),
  "iam version": documented<{ readonly Version: string; readonly Commit: string }>({
    says: "writes one object, also without `-o json`. The names are those of aws-iam-authenticator.",
    keys: { Version: "kauth's own.", Commit: "Always empty." },
    example: { Version: "0.2.0", Commit: "" },
  }),
};
