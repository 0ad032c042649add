import type { System } from "../base/system.ts";
import { after, millis } from "../base/units.ts";
import { statusOf } from "./answer.ts";
import type { People } from "./people.ts";

const LIFE = millis(600_000);

/** A token of a ServiceAccount: for ten minutes, whatever is asked for. */
export function answerTokenRequest(
  system: System,
  people: People,
  account: { readonly namespace: string; readonly name: string },
): { readonly status: number; readonly body: unknown } {
  const username = `system:serviceaccount:${account.namespace}:${account.name}`;
  if (people.find(username) === undefined)
    return { status: 404, body: statusOf(404, `serviceaccounts "${account.name}" not found`) };
  const until = after(system.now(), LIFE);
  const random = (): string => system.random(16).toString("hex");
  const claims = { sub: username, jti: random(), exp: Math.floor(until / 1000) };
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${random()}`;
  people.issue(token, username, until);
  return {
    status: 201,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: LIFE / 1000 },
      status: { token, expirationTimestamp: new Date(until).toISOString() },
    },
  };
}
