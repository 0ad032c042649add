import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { awsHome, endOf, runIn, tokenOf, type AwsScene } from "../../../test/aws/scene.ts";
import { epochMillis } from "../../base/units.ts";

const LINE = "iam token -i c --region eu-west-1";
/** The clock, where something is over at a time. */
const NOW = Date.parse("2026-05-01T12:00:00Z");
const at = (time: number): NonNullable<AwsScene["system"]> => ({ now: () => epochMillis(time) });
const END = "2026-05-01T12:05:00Z";

describe("a process", () => {
  const printing = (document: unknown): string => `#!/bin/sh\ncat <<'X'\n${JSON.stringify(document)}\nX\n`;
  const DOCUMENT = {
    Version: 1,
    AccessKeyId: "ASIAPROC",
    SecretAccessKey: "x",
    SessionToken: "t",
    Expiration: END,
  };
  const config = "[profile p]\ncredential_process = ~/p.sh\n";
  const scene = (script: string, more: AwsScene = {}): AwsScene => ({
    env: { AWS_PROFILE: "p", PATH: process.env["PATH"] ?? "" },
    system: { ...at(NOW), stdinIsTerminal: false },
    files: { "p.sh": script, ".aws/config": config, ...more.files },
  });

  test("gives keys, and the token ends with them", async () => {
    const outcome = await runIn(LINE, scene(printing(DOCUMENT)));
    expect(tokenOf(outcome)).toMatchObject({ keyId: "ASIAPROC", session: "t" });
    expect(endOf(outcome)).toBe(END);
  });

  test("has no shell: what a shell would do is an argument", async () => {
    const script = `#!/bin/sh\nprintf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"x"}' "$1$2$3$#"`;
    const line = "[profile p]\ncredential_process = ~/p.sh '$(id)' \"; echo $HOME\" A\\ B\n";
    const outcome = await runIn(LINE, scene(script, { files: { ".aws/config": line } }));
    expect(tokenOf(outcome).keyId).toBe("$(id); echo $HOMEA B3");
  });

  test.each([
    { name: "no JSON", script: "#!/bin/sh\necho very-secret", says: "printed is no JSON" },
    {
      name: "another version",
      script: printing({ ...DOCUMENT, Version: 2 }),
      says: "unsupported version '2'",
    },
    { name: "no version", script: printing({ ...DOCUMENT, Version: undefined }), says: "Version must be" },
    { name: "no keys", script: printing({ Version: 1 }), says: "AccessKeyId must be text" },
    {
      name: "an end that is no time",
      script: printing({ ...DOCUMENT, Expiration: "soon" }),
      says: "Expiration is no time",
    },
    {
      name: "a failure",
      script: "#!/bin/sh\necho sorry >&2; exit 3",
      says: "failed with exit code 3\nIt said: sorry",
    },
  ])("$name", async ({ script, says }) => {
    const { status, out, err } = await runIn(LINE, scene(script));
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain(says);
    expect(err).toContain("[AWS_PROCESS]");
    expect(err).not.toContain("very-secret");
  });

  test("that is not there, and one that is no command", async () => {
    for (const [command, says] of [
      ["no-such-program-here x", 'executable "no-such-program-here" not found'],
      ['"open', "a quotation in it has no end"],
    ] as const) {
      const files = { ".aws/config": `[profile p]\ncredential_process = ${command}\n` };
      const { status, err } = await runIn(LINE, scene("", { files }));
      expect(status).toBe(1);
      expect(err).toContain(says);
    }
  });

  test("is not run where kuberc forbids it", async () => {
    const kuberc = [
      "apiVersion: kubectl.config.k8s.io/v1beta1",
      "kind: Preference",
      "credentialPluginPolicy: DenyAll",
    ].join("\n");
    const outcome = await runIn(LINE, scene(printing(DOCUMENT), { files: { ".kube/kuberc": kuberc } }));
    expect({ status: outcome.status, out: outcome.out }).toEqual({ status: 2, out: "" });
    expect(outcome.err).toContain("[EXEC_DENIED]");
  });

  test.runIf(process.getuid !== undefined)("is not run from a file that others can write", async () => {
    await using home = await awsHome();
    await home.run(LINE, scene(printing(DOCUMENT)));
    await chmod(join(home.path, ".aws/config"), 0o666);
    const { status, out, err } = await home.run(LINE, {
      env: { AWS_PROFILE: "p", PATH: process.env["PATH"] ?? "" },
    });
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toContain(
      'Refusing to run the credential_process of the AWS file "~/.aws/config": everybody may write "~/.aws/config" [AWS_CONFIG_WRITABLE]',
    );
  });
});
