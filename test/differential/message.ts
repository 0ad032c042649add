/** What a program said on standard error. */
export interface Words {
  /** The first line of its error, unwrapped. */
  readonly message: string;
  /** The other lines, but those below the error: advice, and kubectl's log of what it retries. */
  readonly said: readonly string[];
}

/** klog's head: severity, date, time, process, source. */
const KLOG = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] /;

/** What kubectl puts in front of an error of client-go. It tells where the error came from, not what it is. */
const KUBECTL_WRAPPING = [
  /^error: /,
  /^Unable to connect to the server: /,
  /^Error in configuration: ?/,
  /^invalid configuration: /,
  /^error occurred while applying preferences (?:kuberc error (?!kuberc:))?/,
];

/** client-go's error for which kubectl has words of its own. */
const NOTHING = "no configuration has been provided, try setting KUBERNETES_MASTER environment variable";

const unwrap = (line: string, wrapping: readonly RegExp[]): string =>
  wrapping.reduce((text, pattern) => text.replace(pattern, ""), line);

/** kubectl's standard error: wrapping off, of its log the errors, a list of `* ` lines as client-go prints an aggregate. */
export const kubectlWords = (stderr: string): Words => {
  const lines = stderr
    // kubectl ends its warnings of a kuberc without a line feed.
    .replace(/(?<=[^\n])(?=Unable to connect to the server: )/, "\n")
    .split("\n")
    .filter((line) => line !== "" && (KLOG.exec(line)?.[1] ?? "E") === "E")
    .map((line) => line.replace(KLOG, ""));
  const at = lines.findIndex((line) =>
    /^(?:error|Error|Unable to connect|The connection to the server)/.test(line),
  );
  if (at === -1) return { message: "", said: lines };
  const first = lines[at] ?? "";
  const items = lines.slice(at + 1).filter((line) => line.startsWith("* "));
  const message =
    /^Error in configuration: ?$/.test(first) && items.length > 0
      ? `[${items.map((item) => item.slice(2)).join(", ")}]`
      : unwrap(first, KUBECTL_WRAPPING);
  return {
    message: message.startsWith("Missing or incomplete configuration info.") ? NOTHING : message,
    said: lines.slice(0, at),
  };
};

/** kauth's: `error: `, and the code behind the message; warnings are marked as such. */
export const kauthWords = (stderr: string): Words => {
  const lines = stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^Warning: /, ""));
  const at = lines.findIndex((line) => line.startsWith("error: "));
  if (at === -1) return { message: "", said: lines };
  const message = unwrap(lines[at] ?? "", [/^error: /, / \[[A-Z_]+\]$/, /^invalid configuration: /]);
  return { message, said: lines.slice(0, at) };
};
