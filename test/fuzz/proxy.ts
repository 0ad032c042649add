import fc from "fast-check";
import {
  environmentProxy,
  kubeconfigProxy,
  proxyName,
  proxyUrlFault,
  type ForwardProxy,
} from "../../src/base/proxy-rule.ts";
import { accepted, CANARY, judged, spoiled, type Wishes } from "./spoil.ts";

const URLS = [
  `http://user:${CANARY}@proxy.test:3128/path?query#fragment`,
  `socks5://user:${CANARY}@[fe80::1%25eth0]:1080`,
  "https://proxy",
  "proxy.test:3128",
];
const EXEMPT = [
  "localhost,.svc,10.0.0.0/8,*.far.test:6443,[::1]:443,fd00::/8, example.test ,*",
  "010.000.000.000/08",
];
const TARGETS = [
  "https://api.far.test:6443/prefix",
  "http://10.1.2.3",
  "https://[fd00::2]",
  "https://[::ffff:127.0.0.1]:8443",
  "https://xn--bcher-kva.example",
];

const text = (...texts: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
    { weight: 4, arbitrary: spoiled(...texts).map((bytes) => bytes.toString("utf8")) },
  );

/** What is used can be dialled, and is named without its password. */
const check = (proxy: ForwardProxy | undefined): void => {
  if (proxy === undefined) return;
  if (!(proxy.port >= 0 && proxy.port <= 65_535) || proxy.host === "")
    throw new Error("a proxy that is nowhere");
  if (proxy.credentials?.password.reveal().includes(CANARY) === true && proxyName(proxy).includes(CANARY))
    throw new Error("a password in a name");
};

/** `proxy-url`, HTTPS_PROXY and NO_PROXY. */
export async function fuzzProxy({ runs, seed }: Wishes): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      text(...URLS),
      text(...EXEMPT),
      fc.constantFrom(...TARGETS),
      async (url, exempt, target) => {
        const fault = proxyUrlFault(url);
        // Spoiled, the password may be a user name or a host, and these are told.
        const judge = url.includes(`://user:${CANARY}@`) ? judged : accepted;
        const named = await judge(() => kubeconfigProxy(url));
        if (named !== undefined && fault !== undefined) throw new Error(`${fault}, and yet it is used`);
        check(named);
        const env = { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: exempt };
        check(await judge(() => environmentProxy(new URL(target), env)));
      },
    ),
    { numRuns: runs, ...seed },
  );
}
