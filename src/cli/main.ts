#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { untilAskedToStop } from './asked-to-stop.ts';

const help = `Usage: lockkeeper COMMAND [flags]

  controller   watch Pipelines and app objects, open promotion pull requests, write status
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
  const { codeOf, messageOf } = await import('../base/error.ts');
  const { loadConfig, loadController } = await import('./load.ts');
  const { controllerHelp, readConfig } = await loadConfig();
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(args);
  } catch (thrown) {
    process.stderr.write(`lockkeeper controller: ${messageOf(thrown)}\n`);
    return codeOf(thrown) === 'ConfigInvalid' ? 2 : 1;
  }
  if (config === 'help') {
    process.stdout.write(controllerHelp);
    return 0;
  }
  // Only now: --help and a mistake in the flags should not wait for what a controller loads.
  const { runController } = await loadController();
  return await runController(config, asked);
}

process.exitCode = await main(process.argv.slice(2));
