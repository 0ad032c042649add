import { findProgram } from "../test/find-program.ts";
import { aptInstall } from "./apt.ts";

/** What real keyrings are tried with; where they cannot be had, the tests say so and are skipped. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "dbus-run-session": "dbus-daemon",
  "gnome-keyring-daemon": "gnome-keyring",
  keyctl: "keyutils",
};

/** Gets them where that can be done. */
export async function wantKeyrings(): Promise<void> {
  for (const [program, name] of Object.entries(PROGRAMS))
    if ((await findProgram(program)) === undefined) aptInstall(name);
}
