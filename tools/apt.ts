import { spawnSync } from "node:child_process";

/** Installs a package of Debian's where that can be done unasked: on Linux, as root. */
export const aptInstall = (name: string): boolean => {
  const run = (...args: readonly string[]): boolean =>
    spawnSync("apt-get", [...args], { stdio: "inherit" }).status === 0;
  return (
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    run("update", "-qq") &&
    run("install", "-y", "-qq", name)
  );
};
