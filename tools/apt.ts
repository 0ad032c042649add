import { spawnSync } from "node:child_process";

/**
 * Installs packages of Debian's where that can be done unasked: on Linux, as root. All in one go; where one of them is
 * not to be had, the others each alone. True when all are there.
 */
export const aptInstall = (...names: readonly string[]): boolean => {
  const run = (...args: readonly string[]): boolean =>
    spawnSync("apt-get", [...args], { stdio: "inherit" }).status === 0;
  const install = (...each: readonly string[]): boolean => run("install", "-y", "-qq", ...each);
  return (
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    run("update", "-qq") &&
    (install(...names) || (names.length > 1 && names.map((name) => install(name)).every(Boolean)))
  );
};
