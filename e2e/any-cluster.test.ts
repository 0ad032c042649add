import { describe, expect, test } from "vitest";
import { kauth } from "../test/program.ts";

/** What any cluster and any identity gives: `default/kubernetes` exists everywhere and has no selector. */
const kubeconfig = (): string => {
  const own = process.env["KUBECONFIG"] ?? "";
  if (own !== "") return own;
  const kit = process.env["KAUTH_E2E_CLUSTER"] ?? "";
  return kit.replace(/cluster\.json$/, "kubeconfig/alice-token");
};

describe("any cluster", () => {
  test("a Service that is not there, or not allowed, is one coded message and exit 1", async () => {
    const ended = await kauth(["open", "svc/kauth-is-not-here", "--skip-open-browser"], {
      KUBECONFIG: kubeconfig(),
    });
    expect(ended.stderr).toMatch(/kauth-is-not-here/);
    expect(ended.code).toBe(1);
  });

  test("the API server's own Service is refused: nothing of it is a pod", async () => {
    const ended = await kauth(["open", "svc/kubernetes", "-n", "default", "--skip-open-browser"], {
      KUBECONFIG: kubeconfig(),
    });
    // Exit 2 where the Service may be read, 1 where not.
    expect(ended.stderr).toMatch(/selector|forbidden/i);
    expect([1, 2]).toContain(ended.code);
  });

  test("an unreadable kubeconfig is exit 2", async () => {
    const ended = await kauth(["open", "svc/ui", "--skip-open-browser", "--kubeconfig", "/no/such/file"]);
    expect(ended.stderr).toContain("/no/such/file");
    expect(ended.code).toBe(2);
  });
});
