import { code, type Code } from "./code.ts";
import { OIDC_CODES } from "./oidc-codes.ts";
import { IAM_CODES } from "./iam-codes.ts";

/**
 * Every way kauth fails on purpose, once: what it means and which exit status it gives.
 * `docs/errors.md` is generated from this table and compared with it by a test.
 *
 * Exit 1: the world failed (RBAC, a plugin, the network, a taken port).
 * Exit 2: refused (bad input, an unsafe set-up); nothing was sent to a pod.
 */
export const CODES = {
  // --- command line and configuration
  USAGE: code(2, "The command line could not be understood.", "Read the command's --help."),
  CONFIG_INVALID: code(2, "config.yaml has a mistake.", "Correct the key that the message names."),
  FILE_TOO_LARGE: code(2, "A file is larger than kauth reads.", "Check that the path is the right one."),
  UNSAFE_ENVIRONMENT: code(
    2,
    "Something in the environment takes away the protection that kauth relies on.",
    "Change what the message names.",
  ),
  OUTPUT_FAILED: code(
    1,
    "What was asked for could not be written to standard output.",
    "Make room there, or send the output elsewhere.",
  ),
  STATE_INVALID: code(2, "A state file of kauth's own is damaged.", "Run kauth clean and try again."),

  // --- kubeconfig
  KUBECONFIG_MISSING: code(
    2,
    "The kubeconfig that was named is not there.",
    "Check the path of --kubeconfig.",
  ),
  KUBECONFIG_INVALID: code(
    2,
    "A kubeconfig cannot be read or has a mistake.",
    "Correct the file at the place that the message names; kubectl config view shows what kubectl reads.",
  ),
  KUBECONFIG_EMPTY: code(
    2,
    "No kubeconfig says which cluster to talk to.",
    "Name a kubeconfig with --kubeconfig or KUBECONFIG, and a context with --context.",
  ),
  CONTEXT_UNKNOWN: code(
    2,
    "The kubeconfig has no context, cluster or user of that name.",
    "Choose one that kubectl config get-contexts lists.",
  ),
  CLIENT_CONFIG_INVALID: code(
    2,
    "The selected context cannot be used.",
    "Correct the cluster or user entry of the kubeconfig that the message names.",
  ),
  KUBERC_INVALID: code(
    2,
    "The preferences file of kubectl (kuberc), which says what plugins may run, cannot be read or has a mistake.",
    "Correct the file that the message or --kuberc names, or switch it off: KUBERC=off.",
  ),
  KUBECONFIG_LOCKED: code(
    1,
    "Another program holds the lock of a kubeconfig, or died while it held it.",
    "Try again in a moment; if no other program is at work, remove the lock file that the message names.",
  ),
  KUBECONFIG_UNWRITABLE: code(
    1,
    "A new credential could not be saved in the kubeconfig.",
    "Make the file and its directory writable for you.",
  ),

  // --- credentials
  TOKEN_INVALID: code(1, "A token cannot be sent in a header.", "Check what prints or holds the token."),
  TOKEN_FILE_UNREADABLE: code(
    1,
    "The token file cannot be read or is empty.",
    "Check the path of tokenFile.",
  ),
  KUBECONFIG_WRITABLE: code(
    2,
    "Others may write the kubeconfig, and so choose a program that runs as you, or where you sign in.",
    "Take their right away: chmod go-w on the file and what is above it, or copy it to a place of your own. To use it all the same: --allow-writable-kubeconfig.",
  ),
  EXEC_DENIED: code(
    2,
    "Your kuberc does not allow the credential plugin of the kubeconfig.",
    "If you trust the plugin, name it in credentialPluginAllowlist of your kuberc.",
  ),
  EXEC_NOT_FOUND: code(
    1,
    "The credential plugin is not installed or cannot be started.",
    "Install the plugin, or correct the command in the kubeconfig.",
  ),
  EXEC_FAILED: code(
    1,
    "The credential plugin ended with an error.",
    "Run the plugin's login, then try again.",
  ),
  EXEC_TIMEOUT: code(
    1,
    "The credential plugin did not end in time.",
    "Sign in with the plugin by hand, or allow it longer with --exec-timeout.",
  ),
  EXEC_OUTPUT_INVALID: code(
    1,
    "The credential plugin printed something else than a credential.",
    "Run the plugin by hand and look at what it prints; update it if it is old.",
  ),
  EXEC_NOT_INTERACTIVE: code(
    1,
    "The credential plugin wants to ask something, and nobody can answer.",
    "Run the command in a terminal.",
  ),
  AUTH_PROVIDER_FAILED: code(
    1,
    "The auth provider of the kubeconfig gave no token.",
    "Sign in again with the tool that wrote the kubeconfig, or move on to a credential plugin.",
  ),

  ...OIDC_CODES,

  // --- api
  UNAUTHORIZED: code(
    1,
    "The API server does not accept your credential.",
    "Sign in again; kubectl auth whoami shows what the cluster thinks of it.",
  ),
  CLIENT_CERTIFICATE_EXPIRED: code(
    1,
    "Your client certificate has expired, or is not valid yet.",
    "Check this machine's clock; if it is right, get a new certificate and put it into the kubeconfig.",
  ),
  FORBIDDEN: code(
    1,
    "You lack a right.",
    "Ask whoever administers the cluster for the right that the message names.",
  ),
  NOT_FOUND: code(1, "An object is not there.", "Check its name and the namespace (-n)."),
  API_CONFLICT: code(1, "The object was changed by somebody else at the same time.", "Try again."),
  API_EXPIRED: code(1, "What was asked for is older than what the API server remembers.", "Try again."),
  API_BUSY: code(1, "The API server asks for patience.", "Try again in a moment."),
  API_FAILED: code(
    1,
    "The API server answered with an error, or with something unexpected.",
    "Try again; if it stays so, look at what kubectl says with -v=6.",
  ),
  API_REDIRECT: code(
    1,
    "The API server answered with a redirect, which could lead a credential elsewhere.",
    "Check the server's address in the kubeconfig.",
  ),

  // --- base: network
  TLS_UNTRUSTED: code(
    1,
    "The certificate of a server is not to be trusted.",
    "Check the authority: certificate-authority of the cluster entry, or what this system trusts; do not switch the check off.",
  ),
  TLS_FAILED: code(1, "No TLS connection could be made.", "Check the server's address."),
  DNS_FAILED: code(1, "The name of a server has no address.", "Check the name, the network and the VPN."),
  CONNECTION_REFUSED: code(
    1,
    "Nothing listens at the address of a server.",
    "Check that the server runs and that the address and the VPN are right.",
  ),
  CONNECTION_TIMEOUT: code(1, "A server did not answer in time.", "Check the network and the VPN."),
  CONNECTION_LOST: code(1, "The connection to a server broke.", "Try again; check the network and the VPN."),
  ANSWER_TOO_LARGE: code(
    1,
    "A server answered with more than kauth reads.",
    "Check that the address is the right one.",
  ),
  PROXY_URL_INVALID: code(
    2,
    "The proxy that the kubeconfig or the environment names cannot be used.",
    "Correct proxy-url or HTTPS_PROXY: http://, https:// or socks5://, then host and port.",
  ),
  PROXY_UNREACHABLE: code(
    1,
    "The proxy between this machine and a server cannot be used.",
    "Check that proxy-url or HTTPS_PROXY names a proxy that works.",
  ),
  PROXY_AUTH: code(
    1,
    "The proxy between this machine and a server does not accept who you are.",
    "Put user name and password into proxy-url or HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT, special characters as %XX.",
  ),
  PROXY_REFUSED: code(
    1,
    "The proxy between this machine and a server does not let the connection through.",
    "Ask whoever runs the proxy, or go around it: NO_PROXY.",
  ),

  // --- route
  TARGET_INVALID: code(
    2,
    "The target is not written in a way that kauth understands.",
    "Name a target such as svc/headlamp, pod/web-0:8080 or https://NAME.NAMESPACE.svc.",
  ),
  TARGET_AMBIGUOUS: code(
    2,
    "More than one UI of the cluster fits the name.",
    "Open one of them by its Service and namespace, as the message lists them.",
  ),
  UI_NOT_FOUND: code(
    1,
    "No Service that you may see looks like a UI, or like the one that was named.",
    "Name its Service and namespace, such as kauth open svc/NAME -n NAMESPACE.",
  ),
  PORT_UNKNOWN: code(
    2,
    "The Service or pod has no such port.",
    "Name one of the ports that the message lists.",
  ),
  PORT_AMBIGUOUS: code(
    2,
    "There is more than one port, and none is clearly the UI's.",
    "Name one of the ports that the message lists.",
  ),
  SERVICE_WITHOUT_PODS: code(
    2,
    "The Service does not say which pods are behind it, so a token could reach any.",
    "Name the pod itself: pod/NAME:PORT.",
  ),
  NO_READY_POD: code(
    1,
    "No pod behind the target is ready.",
    "Look at why with kubectl describe pod; if there is none, see whether its workload is scaled to 0. Then try again.",
  ),

  // --- proxy: forwarding
  REQUEST_INVALID: code(
    1,
    "A request cannot be forwarded as it is.",
    "Report the program or page that sends it.",
  ),
  CLIENT_GONE: code(
    1,
    "The browser closed a connection before its answer was there.",
    "Nothing has to be done.",
  ),
  HEADER_UNSENDABLE: code(
    1,
    "Who the person is cannot be written into a header so that everybody reads the same.",
    "Leave the placeholder that the message names out of --header, or of the preset.",
  ),
  UI_MISMATCH: code(
    1,
    "What answers is not the UI that its name or its label says.",
    "Correct the label, or name the Service that is meant: svc/NAME is opened whatever it is.",
  ),
  READ_ONLY: code(
    2,
    "kauth was started with --read-only, and a request may have changed something.",
    "Start kauth without --read-only to change something.",
  ),
  UPSTREAM_INVALID: code(
    1,
    "The UI answered with something that is no valid HTTP/1.1.",
    "Check that port and scheme (http or https) are the UI's; look at the pod's log.",
  ),
  UPSTREAM_CUT: code(1, "The UI broke an answer off.", "Try again; look at the pod's log."),
  IDENTITY_CHANGED: code(
    1,
    "The new credential belongs to somebody else than the one that the pages were opened with.",
    "Press Enter in the terminal where kauth runs to open the pages as the new person, or end kauth.",
  ),
  UPSTREAM_LATE: code(
    1,
    "The UI, or the credential for it, did not come in time.",
    "Try again; the terminal says what kauth waits for.",
  ),
  UPSTREAM_TLS: code(
    1,
    "No TLS connection to the UI could be made.",
    "Check the scheme of the target and --upstream-ca.",
  ),
  UPSTREAM_CERTIFICATE: code(
    1,
    "The UI's certificate changed although its container did not restart.",
    "Find out why before you go on: somebody may be in between.",
  ),

  // --- cli: open
  NO_BEARER_TOKEN: code(
    2,
    "Your credential has no bearer token, so nothing can be shown to the UI.",
    "Use a context whose user has a token or a credential plugin, or sign in to the UI as a ServiceAccount for which you may create tokens: --service-account NAMESPACE/NAME, or open without signing in: --anonymous.",
  ),
  IDENTITY_UNKNOWN: code(
    1,
    "The cluster does not say who you are.",
    "A cluster older than Kubernetes 1.26 cannot; what the token says of itself is printed, unverified.",
  ),
  TOKEN_ON_TERMINAL: code(
    2,
    "A token would be printed on a terminal, where others may read it.",
    "Send standard output to a file or a program, or accept it with --show.",
  ),
  EXEC_LOOP: code(
    2,
    "The credential plugin of the kubeconfig is kauth, and asks for the very token that it should provide.",
    "Name another context in the plugin's arguments: kauth token --exec-credential --context NAME.",
  ),
  TOKEN_TOO_BROAD: code(
    2,
    "The token is good for more than this cluster, and the UI's pod would receive it.",
    "Use a token for this cluster only, or accept the risk with --send-token-to-pod.",
  ),
  DEMO_FAILED: code(
    1,
    "The demo did not show what it should.",
    "Report it: the demo touches nothing outside this machine.",
  ),
  API_TOKEN_FILE: code(
    1,
    "The token for programs could not be written.",
    "Name a file that does not exist yet, in a directory of yours.",
  ),
  CONSENT_REFUSED: code(
    2,
    "The question of --confirm was not answered with yes.",
    "Run the command again and answer yes, or leave --confirm out.",
  ),

  // --- tunnel
  PORT_REFUSED: code(
    1,
    "Nothing listens on that port in the pod.",
    "Check the port; the application may still be starting, or may listen on the pod's own address only.",
  ),
  PORT_RESET: code(
    1,
    "The application in the pod broke the connection off.",
    "Try again; if it happens often, check the scheme (http or https) and look at the pod's log.",
  ),
  PORT_FAILED: code(
    1,
    "The node could not forward to the pod's port.",
    "Read the node's own words in the message; try again.",
  ),
  POD_GONE: code(
    1,
    "The pod no longer exists or no longer runs.",
    "Try again: another pod may be there by now.",
  ),
  TUNNEL_PAIRING: code(
    1,
    "The node could not match the two halves of a connection.",
    "Report it with the command that you ran; try again.",
  ),
  TUNNEL_LOST: code(
    1,
    "The port-forward connection to the API server ended.",
    "Try again; check the network if it happens often.",
  ),
  TUNNEL_SILENT: code(
    1,
    "The port-forward connection stopped answering.",
    "Try again; check the network, and whether the machine was asleep.",
  ),
  TUNNEL_PROTOCOL: code(
    1,
    "The port-forward connection carried bytes that make no sense.",
    "Something between here and the API server may alter the traffic; try `--tunnel websocket` or `--tunnel spdy`.",
  ),
  TUNNEL_UNAUTHORIZED: code(
    1,
    "The API server does not accept the credential for a port-forward.",
    "Sign in again, or check the user of the kubeconfig.",
  ),
  TUNNEL_FORBIDDEN: code(
    1,
    "The person may not forward to pods.",
    "Ask for the verbs get and create on pods/portforward in that namespace.",
  ),
  TUNNEL_REFUSED: code(
    1,
    "The port-forward could not be opened, neither by SPDY nor by WebSocket.",
    "Read the reasons in the message; `kubectl port-forward` to the same pod shows whether kauth is at fault.",
  ),
  // --- base: listening, and proxy
  LISTEN_ADDRESS: code(
    2,
    "That address is not one that kauth listens on.",
    "Give a loopback address and a port, such as --address 127.0.0.1:18000.",
  ),
  PORT_TAKEN: code(
    1,
    "The port is in use.",
    "End the program that holds it, or choose another one with --address.",
  ),
  LISTEN_FAILED: code(1, "The port could not be opened.", "Choose another one with --address."),

  ...IAM_CODES,
} as const satisfies Record<string, Code>;

export type ErrorCode = keyof typeof CODES;
