import { controlCharacter, networkFault, overHttp, refusedByServer, unverified } from "../differences.ts";
import type { Difference, Fields, Row } from "../row.ts";

const trusted: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };
const far: Fields = { server: "<far>", "certificate-authority-data": "<ca>" };
const token: Fields = { token: "t" };
/** Go prefers the upper case, and knows no proxy for the loopback. */
const none = { HTTPS_PROXY: undefined, https_proxy: undefined, NO_PROXY: undefined, no_proxy: undefined };

const through = (name: string, url: string, more: Partial<Row> = {}): Row => ({
  tries: "§4.6 proxy-url",
  name,
  cluster: { ...far, "proxy-url": url },
  user: token,
  ...more,
});

const environment = (name: string, env: Readonly<Record<string, string>>, more: Partial<Row> = {}): Row => ({
  tries: "§4.6 environment",
  name,
  cluster: far,
  user: token,
  env: { ...none, ...env },
  ...more,
});

/** The far name cannot be found, so whoever asks no proxy fails. */
const lost: Partial<Row> = {
  rejected: true,
  differs: networkFault(/^Cannot find the address of https:\/\/api\.far\.test: /),
};

/** Loopback addresses are never proxied. */
const direct = (name: string, env: Readonly<Record<string, string>>): Row =>
  environment(name, env, {
    cluster: { ...far, server: "https://127.0.0.2:<https-port>" },
    rejected: true,
    differs: networkFault(/^Cannot connect to https:\/\/127\.0\.0\.2:\d+: connection refused$/),
  });

const untrusted = (why: string): Difference =>
  networkFault(new RegExp(`^Cannot trust https://127\\.0\\.0\\.1:\\d+: its certificate ${why}`));

/** TLS, proxies, impersonation and the answers of API servers (§4). */
export const TRANSPORT_ROWS: readonly Row[] = [
  {
    tries: "§4.2 CA",
    name: "the CA of somebody else",
    differs: untrusted("was not issued by the authority that the kubeconfig names"),
    cluster: { server: "<https>", "certificate-authority-data": "<other-ca>" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "no CA: those of the system, which do not know ours",
    differs: untrusted(
      "was not issued by an authority that this system trusts, and the kubeconfig names none",
    ),
    cluster: { server: "<https>" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "a CA and insecure",
    cluster: { ...trusted, "insecure-skip-tls-verify": true },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "insecure",
    differs: unverified,
    cluster: { server: "<named>", "insecure-skip-tls-verify": true },
    user: token,
  },
  {
    tries: "§4.2 CA",
    name: "CA data that is no PEM",
    cluster: { server: "<https>", "certificate-authority-data": "bm9uZQ==" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "CA data of PEM that is no certificate",
    cluster: {
      server: "<https>",
      "certificate-authority-data":
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmJtOXVaUT09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K",
    },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "CA data of PEM of something else",
    cluster: { server: "<https>", "certificate-authority-data": "<key>" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "CA data that is no base64",
    cluster: { server: "<https>", "certificate-authority-data": "%%%" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 CA",
    name: "an empty CA file",
    differs: untrusted("was not issued by the authority that the kubeconfig names"),
    cluster: { server: "<https>", "certificate-authority": "empty" },
    user: token,
    files: { "kube/empty": "" },
    rejected: true,
  },
  {
    tries: "§4.2 names",
    name: "the certificate is for another name",
    differs: untrusted("is for another name"),
    cluster: { ...trusted, server: "<named>" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 names",
    name: "tls-server-name",
    cluster: { ...trusted, server: "<named>", "tls-server-name": "elsewhere.test" },
    user: token,
  },
  {
    tries: "§4.2 names",
    name: "--tls-server-name",
    cluster: { ...trusted, server: "<named>" },
    user: token,
    args: ["--tls-server-name=elsewhere.test"],
  },
  {
    tries: "§4.2 names",
    name: "a tls-server-name that is wrong",
    differs: untrusted("is for another name"),
    cluster: { ...trusted, "tls-server-name": "wrong.test" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4.2 names",
    name: "the name localhost is said to the server",
    cluster: { ...trusted, server: "https://localhost:<https-port>" },
    user: token,
  },
  {
    tries: "§4.4",
    name: "a user, a uid, groups and extra",
    user: {
      ...token,
      as: "jane",
      "as-uid": "u-1",
      "as-groups": ["devs", "ops, all", "devs"],
      "as-user-extra": { scopes: ["one", "two"], "Example.COM/a": ["x"] },
    },
  },
  {
    tries: "§4.4",
    name: "keys of extra are escaped",
    user: {
      ...token,
      as: "jane",
      "as-user-extra": { "test.example.com/thing.thing%20x": ["v"], "a b:c": ["w"], ä: ["z"] },
    },
  },
  { tries: "§4.4", name: "a user with a space and an umlaut", user: { ...token, as: "Jäne Doe" } },
  {
    tries: "§4.4",
    name: "an extra without values",
    user: { ...token, as: "jane", "as-user-extra": { a: [] } },
  },
  { tries: "§4.4", name: "an empty group", user: { ...token, as: "jane", "as-groups": [""] } },
  {
    tries: "§4.4",
    name: "a user with a line break",
    differs: controlCharacter(
      /^Cannot impersonate "jane\\r\\nX: y": a header cannot have control characters$/,
    ),
    user: { ...token, as: "jane\r\nX: y" },
    rejected: true,
  },
  through("an HTTP proxy", "<proxy>"),
  through("an HTTPS proxy", "<secure>"),
  through("a SOCKS5 proxy", "<socks>"),
  through("with user name and password", "http://user:pass%20word@127.0.0.1:<strict-port>"),
  through("with a password that is wrong", "http://user:wrong@127.0.0.1:<strict-port>", {
    rejected: true,
    differs: networkFault(/^The proxy \S+ does not accept the user name or password of proxy-url /),
  }),
  through("without a password", "<strict>", {
    rejected: true,
    differs: networkFault(
      /^The proxy \S+ wants a user name and a password \(407 Proxy Authentication Required\)/,
    ),
  }),
  through("a proxy where nobody listens", "http://127.0.0.1:1", {
    rejected: true,
    differs: networkFault("Cannot connect to the proxy http://127.0.0.1:1: connection refused"),
  }),
  through("NO_PROXY counts for nothing", "<proxy>", { env: { NO_PROXY: "*" } }),
  through("the environment counts for nothing", "<proxy>", { env: { HTTPS_PROXY: "http://127.0.0.1:1" } }),
  through("the loopback too", "<proxy>", { cluster: { ...trusted, "proxy-url": "<proxy>" } }),
  through("an http server", "<proxy>", {
    cluster: { server: "http://api.far.test", "proxy-url": "<proxy>" },
    differs: overHttp,
  }),
  through("an upper-case scheme", "HTTP://127.0.0.1:<proxy-port>"),
  through("a path behind it", "<proxy>/some/path"),
  environment("HTTPS_PROXY", { HTTPS_PROXY: "<proxy>" }),
  environment("https_proxy", { https_proxy: "<proxy>" }),
  environment("the upper case wins", { HTTPS_PROXY: "<proxy>", https_proxy: "http://127.0.0.1:1" }),
  environment("an empty one counts for nothing", { HTTPS_PROXY: "", https_proxy: "<proxy>" }),
  environment("a value without a scheme", { HTTPS_PROXY: "127.0.0.1:<proxy-port>" }),
  environment("a SOCKS5 proxy", { HTTPS_PROXY: "<socks>" }),
  environment(
    "socks5h",
    { HTTPS_PROXY: "socks5h://127.0.0.1:1" },
    {
      rejected: true,
      differs: networkFault(/^Cannot connect to the proxy socks5h?:\/\/127.0.0.1:1: connection refused$/),
    },
  ),
  environment(
    "a scheme of nobody",
    { HTTPS_PROXY: "gopher://127.0.0.1:1" },
    {
      rejected: true,
      differs: networkFault(
        /^Cannot use the proxy "gopher:\/\/127.0.0.1:1" \(HTTPS_PROXY\): it must be http, https or socks5 with a host$/,
      ),
    },
  ),
  environment("HTTP_PROXY is not for https", { HTTP_PROXY: "<proxy>" }, lost),
  environment("ALL_PROXY is for nobody", { ALL_PROXY: "<proxy>" }, lost),
  environment(
    "an http server",
    { HTTP_PROXY: "<proxy>", HTTPS_PROXY: "http://127.0.0.1:1" },
    {
      cluster: { server: "http://api.far.test" },
      differs: overHttp,
    },
  ),
  environment(
    "http in a CGI program",
    { HTTP_PROXY: "<proxy>", REQUEST_METHOD: "GET" },
    { cluster: { server: "http://api.far.test" }, rejected: true, differs: overHttp },
  ),
  environment("the loopback is not proxied", { HTTPS_PROXY: "http://127.0.0.1:1" }, { cluster: trusted }),
  environment(
    "nor is localhost",
    { HTTPS_PROXY: "http://127.0.0.1:1" },
    { cluster: { ...trusted, server: "https://localhost:<https-port>" } },
  ),
  environment("NO_PROXY of somebody else", { HTTPS_PROXY: "<proxy>", NO_PROXY: "other.test,10.0.0.0/8" }),
  environment("NO_PROXY names the host", { HTTPS_PROXY: "<proxy>", NO_PROXY: "api.far.test" }, lost),
  environment("NO_PROXY names its domain", { HTTPS_PROXY: "<proxy>", NO_PROXY: "x, far.test" }, lost),
  environment("NO_PROXY names subdomains", { HTTPS_PROXY: "<proxy>", NO_PROXY: ".far.test" }, lost),
  environment("NO_PROXY with a star", { HTTPS_PROXY: "<proxy>", NO_PROXY: "*.far.test" }, lost),
  environment("NO_PROXY *", { HTTPS_PROXY: "<proxy>", no_proxy: "*" }, lost),
  environment("NO_PROXY with another port", { HTTPS_PROXY: "<proxy>", NO_PROXY: "api.far.test:8443" }),
  environment("NO_PROXY with the port", { HTTPS_PROXY: "<proxy>", NO_PROXY: "api.far.test:443" }, lost),
  environment("NO_PROXY of the subdomains only", { HTTPS_PROXY: "<proxy>", NO_PROXY: ".api.far.test" }),
  direct("NO_PROXY of an address", { HTTPS_PROXY: "<proxy>", NO_PROXY: "127.0.0.2" }),
  ...[403, 404, 500, 401].map((status): Row => ({
    tries: "§4.8",
    name: `the answer ${status}`,
    user: token,
    answers: [status],
    rejected: true,
    differs: refusedByServer(
      status === 401
        ? /does not accept your credential \(401 Unauthorized\)$/
        : /^Cannot tell who you are: \S+ does not answer a SelfSubjectReview$/,
    ),
  })),

  { tries: "§4.8", name: "v1 is unknown, v1beta1 is not", user: token, answers: [404, 201] },
  { tries: "§4.8", name: "v1alpha1 is the last", user: token, answers: [404, 404, 201] },
  {
    tries: "§4",
    name: "nobody listens",
    differs: networkFault("Cannot connect to https://127.0.0.1:1: connection refused"),
    cluster: { ...trusted, server: "https://127.0.0.1:1" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4",
    name: "a name that nobody has",
    differs: networkFault(/^Cannot find the address of https:\/\/nobody\.invalid: /),
    cluster: { ...trusted, server: "https://nobody.invalid" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4",
    name: "https to an http server",
    differs: networkFault(/^Cannot speak TLS with https:\/\/127\.0\.0\.1:\d+: /),
    cluster: { ...trusted, server: "https://127.0.0.1:<http-port>" },
    user: token,
    rejected: true,
  },
  {
    tries: "§4",
    name: "http to an https server",
    differs: [overHttp, networkFault(/^The connection to http:\/\/127\.0\.0\.1:\d+ was lost: /)],
    cluster: { server: "http://127.0.0.1:<https-port>" },
    user: token,
    rejected: true,
  },
];
