import { expect, test } from "vitest";
import { runIn } from "../../../test/aws/scene.ts";
import { VERSION } from "../../base/version.ts";

test.each([
  ["", `{"Version":"${VERSION}","Commit":""}`],
  [" -o json", `{"Version":"${VERSION}","Commit":""}`],
  [" -o yaml", `version: ${VERSION}\ncommit: ""`],
  [" --short", VERSION],
])("version%s prints nothing that is never known (D6)", async (more, out) => {
  expect(await runIn(`version${more}`, { program: "aws-iam-authenticator" })).toMatchObject({
    status: 0,
    out,
  });
});
