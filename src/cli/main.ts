#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { codeOf, messageOf } from '../base/error.ts';
import { endOnUnhandled } from '../telemetry/unhandled.ts';
import { untilAskedToStop } from './asked-to-stop.ts';
import { redactOutput } from './redact-output.ts';

const help = `Usage: lockkeeper COMMAND [flags]

  controller   watch Pipelines and app objects, open promotion pull requests, write status
  auditor      watch who may do what in the cluster, say of each Credential who else could take it
  access       show who else can reach the Secret of a Credential, and by which way
  rbac         print the Role and RoleBinding that the controller needs for a Credential
  version      print the version
  help         this text

lockkeeper COMMAND --help tells of its flags.
`;

// Before anything else is loaded: compiling the sources is half of the time to start. Where the folder cannot be written, as in a
// container, nothing is kept. Not in a folder that others may write to: who can change what is kept there runs code in here.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/lockkeeper', import.meta.url)));

/** Exit codes: 0 done or stopped when asked, 1 failed, 2 wrong usage. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'controller':
      return await controller(args);
    case 'auditor':
      return await auditor(args);
    case 'access': {
      const asked = untilAskedToStop();
      const { runAccess } = await import('./access.ts');
      return await runAccess(args, asked);
    }
    case 'rbac': {
      const asked = untilAskedToStop();
      const { runRbac } = await import('./rbac.ts');
      return await runRbac(args, asked);
    }
    case 'version':
    case '--version': {
      const { version } = await import('./version.ts');
      process.stdout.write(`lockkeeper ${version}\n`);
      return 0;
    }
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(help);
      return 0;
    case undefined:
      process.stderr.write(help);
      return 2;
    default:
      process.stderr.write(`lockkeeper: there is no command ${JSON.stringify(command)}\n\n${help}`);
      return 2;
  }
}

async function controller(args: readonly string[]): Promise<number> {
  const asked = untilAskedToStop();
  const { loadConfig, loadController } = await import('./load.ts');
  const { controllerHelp: text, readConfig: read } = await loadConfig();
  const config = configured({ name: 'controller', help: text, read: () => read(args) });
  if (typeof config === 'number') return config;
  const { runController } = await loadController();
  return await runController(config, asked);
}

async function auditor(args: readonly string[]): Promise<number> {
  const asked = untilAskedToStop();
  const { auditorHelp: text, readAuditorConfig: read } = await import('./auditor-config.ts');
  const config = configured({ name: 'auditor', help: text, read: () => read(args) });
  if (typeof config === 'number') return config;
  const { runAuditor } = await import('./auditor.ts');
  return await runAuditor(config, asked);
}

/**
 * What a command is to run with, or the exit code where it is not to run. It is read before anything that runs is loaded: help and a
 * mistake in the flags should not wait for that.
 */
function configured<Config extends object>({
  name,
  help: text,
  read,
}: {
  readonly name: string;
  readonly help: string;
  readonly read: () => Config | 'help';
}): Config | number {
  try {
    const config = read();
    if (config !== 'help') return config;
    process.stdout.write(text);
    return 0;
  } catch (thrown) {
    process.stderr.write(`lockkeeper ${name}: ${messageOf(thrown)}\n`);
    return codeOf(thrown) === 'ConfigInvalid' ? 2 : 1;
  }
}

endOnUnhandled();
for (const stream of [process.stdout, process.stderr]) redactOutput(stream);
process.exitCode = await main(process.argv.slice(2));
