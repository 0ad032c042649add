import { callerIdentitySts } from "../test/aws/caller-identity.ts";
import { json } from "../test/api-server.ts";
import { ACCOUNT } from "../test/aws/iam-server-scene.ts";

/** An STS in a process of its own, so that its work is nobody else's. It looks at no signature: servers are measured. */
const ANSWER = {
  GetCallerIdentityResponse: {
    GetCallerIdentityResult: {
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Dev/jane`,
      UserId: "AROADEV:jane",
    },
  },
};

const sts = await callerIdentitySts({
  people: {},
  clusterId: "",
  instead: (request, response) => {
    const bad = (request.url ?? "").includes("AKIABADBADBADBADBADB");
    json(response, bad ? 403 : 200, bad ? { Error: { Code: "InvalidClientTokenId" } } : ANSWER);
    return true;
  },
});
process.stdout.write(`${JSON.stringify(sts.env)}\n`);
process.on("SIGUSR2", () => process.stdout.write(`${JSON.stringify([sts.asked.length, sts.connections])}\n`));
