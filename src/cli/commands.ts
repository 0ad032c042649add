import type { Command } from "./command.ts";
import { cleanCommand } from "./commands/clean.ts";
import { completionCommand } from "./commands/completion.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { iamCacheClearCommand, iamCacheListCommand } from "./commands/iam-cache.ts";
import { iamExplainCommand } from "./commands/iam-explain.ts";
import { iamGetTokenCommand } from "./commands/iam-get-token.ts";
import { iamAddRoleCommand, iamAddUserCommand } from "./commands/iam-add.ts";
import { iamInitCommand } from "./commands/iam-init.ts";
import { iamServerCommand } from "./commands/iam-server.ts";
import {
  iamMappingConvertCommand,
  iamMappingDiffCommand,
  iamMappingLintCommand,
  iamMappingTestCommand,
} from "./commands/iam-mapping.ts";
import { iamTokenCommand } from "./commands/iam-token.ts";
import { iamVerifyCommand } from "./commands/iam-verify.ts";
import { iamVersionCommand } from "./commands/iam-version.ts";
import { linkCommand } from "./commands/link.ts";
import { oidcDoctorCommand } from "./commands/oidc-doctor.ts";
import { oidcGetTokenCommand } from "./commands/oidc-get-token.ts";
import { oidcLoginCommand } from "./commands/oidc-login.ts";
import { oidcSetupCommand } from "./commands/oidc-setup.ts";
import { oidcStandaloneCommand } from "./commands/oidc-standalone.ts";
import { oidcCleanCommand } from "./commands/oidc-clean.ts";
import { oidcImportCommand } from "./commands/oidc-import.ts";
import { oidcListCommand } from "./commands/oidc-list.ts";
import { oidcLogoutCommand } from "./commands/oidc-logout.ts";
import { oidcWhoamiCommand } from "./commands/oidc-whoami.ts";
import { openCommand } from "./commands/open.ts";
import { tokenCommand } from "./commands/token.ts";
import { versionCommand } from "./commands/version.ts";
import { whoamiCommand } from "./commands/whoami.ts";

/** Every command. Help, completion and docs/cli.md come from here. */
export const COMMANDS: readonly Command[] = [
  openCommand,
  whoamiCommand,
  doctorCommand,
  tokenCommand,
  iamTokenCommand,
  iamGetTokenCommand,
  iamCacheListCommand,
  iamCacheClearCommand,
  iamServerCommand,
  iamInitCommand,
  iamAddUserCommand,
  iamAddRoleCommand,
  iamVerifyCommand,
  iamExplainCommand,
  iamMappingLintCommand,
  iamMappingTestCommand,
  iamMappingDiffCommand,
  iamMappingConvertCommand,
  iamVersionCommand,
  oidcGetTokenCommand,
  oidcLoginCommand,
  oidcLogoutCommand,
  oidcWhoamiCommand,
  oidcListCommand,
  oidcCleanCommand,
  oidcImportCommand,
  oidcSetupCommand,
  oidcDoctorCommand,
  oidcStandaloneCommand,
  demoCommand,
  linkCommand,
  cleanCommand,
  completionCommand,
  versionCommand,
];

export const findCommand = (words: readonly string[]): Command | undefined =>
  COMMANDS.find((command) => command.path.every((word, index) => words[index] === word));

/** Those that begin with these words and have more. */
export const commandsBelow = (words: readonly string[]): readonly Command[] =>
  COMMANDS.filter(
    ({ path }) => path.length > words.length && words.every((word, index) => path[index] === word),
  );
