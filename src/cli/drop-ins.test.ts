import { describe, expect, test } from "vitest";
import { recorded } from "../../test/recorded.ts";
import { VERSION } from "../base/version.ts";
import { DROP_INS } from "./drop-ins.ts";
import { run } from "./run.ts";

const words = (program: string, line: string): string =>
  (DROP_INS[program]?.words(line.split(" ").filter((word) => word !== "")) ?? []).join(" ");

describe.each(["kubelogin", "kubectl-oidc_login"])("as %s", (program) => {
  test.each([
    { line: "get-token --oidc-issuer-url=x", leads: "oidc get-token --oidc-issuer-url=x" },
    { line: "-v1 get-token --oidc-issuer-url x", leads: "oidc get-token -v1 --oidc-issuer-url x" },
    { line: "-v 1 setup", leads: "oidc setup -v 1" },
    { line: "--v=1 --context get-token clean", leads: "oidc clean --v=1 --context get-token" },
    { line: "doctor", leads: "oidc doctor" },
    { line: "", leads: "oidc standalone" },
    { line: "--user setup", leads: "oidc standalone --user setup" },
    {
      line: "--kubeconfig=x --grant-type password",
      leads: "oidc standalone --kubeconfig=x --grant-type password",
    },
    { line: "more", leads: "oidc standalone more" },
    { line: "-- get-token", leads: "oidc standalone -- get-token" },
    { line: "--help", leads: "oidc standalone --help" },
    { line: "help", leads: "oidc standalone --help" },
    { line: "help get-token", leads: "oidc get-token --help" },
    { line: "version", leads: "version" },
    { line: "completion bash", leads: "completion bash" },
  ])("$line", ({ line, leads }) => {
    expect(words(program, line)).toBe(leads);
  });
});

const runAs = async (
  program: string,
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> => {
  await using under = await recorded();
  const { signal } = new AbortController();
  const status = await run({ args, program, signal, system: under.system });
  return { status, out: under.out.join("\n"), err: under.err.join("\n") };
};

describe("Azure's tool of the same name", () => {
  test.each([
    "convert-kubeconfig -l azurecli",
    "get-token --server-id 6dae42f8 --client-id x",
    "get-token --server-id=6dae42f8",
    "get-token --login devicecode",
    "get-token -l msi",
  ])("kubelogin %s", async (line) => {
    const { status, err, out } = await runAs("kubelogin", ...line.split(" "));
    expect(status).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(
      "it belongs to Azure's kubelogin, another program of the same name [OTHER_KUBELOGIN]",
    );
    expect(err).toContain("Install Azure's kubelogin");
  });

  test("is not looked for under kubectl oidc-login", () => {
    expect(words("kubectl-oidc_login", "get-token --server-id=x")).toBe("oidc get-token --server-id=x");
  });
});

test("--version on stdout, version through the log, as kubelogin has them", async () => {
  expect(await runAs("kubelogin", "--version")).toEqual({
    status: 0,
    out: `kubelogin version ${VERSION}`,
    err: "",
  });
  const { status, out, err } = await runAs("kubelogin", "version");
  expect({ status, out }).toEqual({ status: 0, out: "" });
  expect(err).toMatch(new RegExp(`^kubelogin version ${VERSION} \\(`));
});
