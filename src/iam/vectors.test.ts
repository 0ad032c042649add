import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../test/house/source.ts";
import type { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis } from "../base/units.ts";
import { arnLike } from "./arn-like.ts";
import { canonicalArn, withoutPath } from "./arn.ts";
import { readSections } from "./mapping/entry.ts";
import { lookupOf } from "./mapping/lookup.ts";
import { reservedFault } from "./mapping/reserved.ts";
import { folded } from "./mapping/text.ts";
import { fillTemplate } from "./mapping/template.ts";
import { partitionNamed, type Partition } from "./partitions.ts";
import { mintToken } from "./token/token.ts";
import { hostFault } from "./verify/host.ts";
import { readIdentity } from "./verify/identity.ts";
import { isBroken, judge } from "./verify/judge.ts";

/** What ships in the package (iam.md §3). Each row has its name, so that a row that fails says which. */
interface Vectors {
  readonly now: string;
  readonly token: Readonly<
    Record<"accessKeyId" | "secretAccessKey" | "region" | "clusterId" | "now" | "url" | "expiresAt", string>
  >;
  readonly hosts: readonly {
    readonly partition: string;
    readonly host: string;
    readonly region: string;
    readonly accepted: boolean;
  }[];
  readonly accepted: readonly { readonly name: string; readonly url: string }[];
  readonly refused: readonly {
    readonly name: string;
    readonly url?: string;
    readonly token?: string;
    readonly partition: string;
    readonly says: string;
    readonly stricter?: boolean;
  }[];
  readonly answers: readonly {
    readonly name: string;
    readonly status: number;
    readonly body: string;
    readonly code?: string;
    readonly says?: string;
    readonly identity?: object;
  }[];
  readonly canonicalArns: readonly {
    readonly arn: string;
    readonly canonical?: string;
    readonly fault?: string;
  }[];
  readonly rolePaths: readonly { readonly arn: string; readonly bare: string }[];
  readonly arnLike: readonly {
    readonly arn: string;
    readonly pattern: string;
    readonly like: boolean | string;
  }[];
  readonly entries: readonly {
    readonly name: string;
    readonly section: string;
    readonly entry: object;
    readonly arn: string;
    readonly matches: boolean;
  }[];
  readonly wrongEntries: readonly {
    readonly name: string;
    readonly section: string;
    readonly entry: object;
    readonly says: string;
  }[];
  readonly templates: readonly {
    readonly template: string;
    readonly sessionName: string;
    readonly text: string;
  }[];
  readonly reservedPrefixes: readonly { readonly username: string; readonly reserved: boolean }[];
}

const vectors = JSON.parse(readFileSync(join(ROOT, "docs/iam-vectors.json"), "utf8")) as Vectors;
const named = (name: string): Partition => partitionNamed(name) as Partition;
const now = epochMillis(Date.parse(vectors.now));
const tokenOf = (url: string): string => `k8s-aws-v1.${Buffer.from(url, "utf8").toString("base64url")}`;
const plain = (base64: string): string => Buffer.from(base64, "base64").toString();

test("the golden token, byte for byte (§3.1)", () => {
  const { accessKeyId, secretAccessKey, region, clusterId, now: when, url, expiresAt } = vectors.token;
  const made = mintToken({
    clusterId,
    endpoint: { scheme: "https", host: `sts.${region}.amazonaws.com`, signingRegion: region },
    keys: {
      accessKeyId: plain(accessKeyId),
      secretAccessKey: new Secret(plain(secretAccessKey)),
      sessionToken: undefined,
    },
    now: epochMillis(Date.parse(when)),
  });
  expect(made.token.reveal()).toBe(tokenOf(url));
  expect(made.expiresAt).toBe(Date.parse(expiresAt));
});

describe("hosts (§3.2)", () => {
  test.each(vectors.hosts)(
    "$partition $host in region '$region': $accepted",
    ({ partition, host, region, accepted }) => {
      expect(
        hostFault(host, { partition: named(partition), region: region || undefined }) === undefined,
      ).toBe(accepted);
    },
  );
});

describe("tokens (§3.3, §3.4, §3.9)", () => {
  test.each(vectors.accepted)("accepted: $name", ({ url }) => {
    expect(judge(tokenOf(url), { partition: named("aws"), now })).not.toHaveProperty("rule");
  });

  test.each(vectors.refused)("refused: $name", ({ url = "", token, partition, says }) => {
    const verdict = judge(token ?? tokenOf(url), { partition: named(partition), now });
    expect(isBroken(verdict) ? verdict.text : "accepted").toContain(
      "input token was not properly formatted: ",
    );
    expect(isBroken(verdict) ? verdict.text : "accepted").toContain(says);
  });
});

describe("answers of STS (§3.4)", () => {
  const settings = {
    partition: "aws",
    accessKeyId: "ASIABCDEFGHIJKLMNOPQ",
    host: "sts.us-west-2.amazonaws.com",
  };
  test.each(vectors.answers)("$name", ({ status, body, code, says = "", identity }) => {
    let found: object | KnownError;
    try {
      found = readIdentity({ status, body }, settings);
    } catch (error) {
      found = error as KnownError;
    }
    if (identity !== undefined)
      expect(found).toMatchObject({ ...identity, accessKeyId: settings.accessKeyId });
    else expect(found).toMatchObject({ code, message: expect.stringContaining(says) as string });
  });
});

describe("ARNs (§3.6)", () => {
  test.each(vectors.canonicalArns)("$arn", ({ arn, canonical, fault }) => {
    const found = canonicalArn(arn);
    if (canonical !== undefined) expect(found).toEqual({ arn: canonical });
    else expect(found).toEqual({ fault: expect.stringContaining(fault ?? "") as string });
  });

  test.each(vectors.rolePaths)("$arn without its path", ({ arn, bare }) => {
    expect(withoutPath(arn)).toBe(bare);
  });

  test.each(vectors.arnLike)("$arn like $pattern: $like", ({ arn, pattern, like }) => {
    expect(arnLike(arn, pattern)).toBe(like);
  });
});

describe("mapping (§3.7, §3.8)", () => {
  const read = (section: string, entry: object): ReturnType<typeof readSections> => {
    const list = [folded({ username: "x", ...entry })];
    return readSections({
      roles: section === "mapRoles" ? list : undefined,
      users: section === "mapUsers" ? list : undefined,
      accounts: undefined,
    });
  };

  test.each(vectors.entries)("$name: $matches", ({ section, entry, arn, matches }) => {
    const { table, faults } = read(section, entry);
    expect(faults).toEqual([]);
    const found = lookupOf(table).find({ canonicalArn: arn, account: "", userId: "" });
    expect(found !== undefined).toBe(matches);
  });

  test.each(vectors.wrongEntries)("wrong: $name", ({ section, entry, says }) => {
    expect(read(section, entry)).toMatchObject({
      table: { entries: [] },
      faults: [expect.stringContaining(says) as string],
    });
  });

  test.each(vectors.templates)("$template of $sessionName", ({ template, sessionName, text }) => {
    const facts = { account: "123", accessKeyId: "AKIA", sessionName, privateDnsName: undefined };
    expect(fillTemplate(template, facts)).toBe(text);
  });

  test.each(vectors.reservedPrefixes)("$username is reserved: $reserved", ({ username, reserved }) => {
    const fault = reservedFault({ username, template: username }, "EKSConfigMap", new Map());
    expect(fault !== undefined).toBe(reserved);
  });
});
