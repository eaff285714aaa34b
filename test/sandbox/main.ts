import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error.ts';
import { namedFates } from './flux/named-fates.ts';
import { untilInterrupted } from './interrupted.ts';
import { announceSandbox, findSandbox, refuseSecondSandbox } from './running.ts';
import { fleet, pipelineNamespace, startWorld, type World } from './world.ts';

const help = `Usage: npm run sandbox [-- FLAGS]      start the world and keep it up until Ctrl-C
       npm run -s sandbox -- env          what another shell needs: eval "$(npm run -s sandbox -- env)"
       sandbox release VERSION            put a version of podinfo into dev
       sandbox fate FATE [ENVIRONMENT]    what becomes of the next rollouts there (default: dev)

The world: a real etcd and kube-apiserver, a forge that speaks GitHub's API, a deployer that plays Flux, and the controller under
the chart's service account. Everything is on this machine's loopback and gone when it stops.

  --no-controller   leave the controller out, to start one of your own
  --pace P          how much of Flux's recorded pauses is waited, 0 to 1 (default: 1)
  --help            this text

Fates: ${Object.keys(namedFates).join(', ')}.
Exit codes: 0 done or stopped when asked, 1 failed, 2 wrong usage.
`;

async function main(args: readonly string[]): Promise<number> {
  let flags: { 'no-controller'?: boolean; pace?: string; help?: boolean };
  let words: readonly string[];
  try {
    ({ values: flags, positionals: words } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'no-controller': { type: 'boolean' },
        pace: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (thrown) {
    return misused(messageOf(thrown));
  }
  if (flags.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const [command, ...rest] = words;
  switch (command) {
    case undefined: {
      const pace = Number(flags.pace ?? 1);
      if (!(pace >= 0 && pace <= 1)) return misused('--pace takes a number from 0 to 1');
      return await keepUp(flags['no-controller'] !== true, pace);
    }
    case 'env':
      return printEnv();
    case 'release':
      if (rest.length !== 1) return misused('release takes one version, such as 6.2.0');
      return await press('/release', { version: rest[0] ?? '' }, `podinfo ${rest[0] ?? ''} goes into dev`);
    case 'fate': {
      const [fate = '', environment = 'dev'] = rest;
      if (rest.length === 0 || rest.length > 2) return misused('fate takes a fate and an environment');
      return await press(
        '/fate',
        { fate: `${fate} ${environment}` },
        `the next rollouts in ${environment}: ${fate}`,
      );
    }
    default:
      return misused(`there is no command ${JSON.stringify(command)}`);
  }
}

function misused(why: string): number {
  process.stderr.write(`sandbox: ${why}\n\n${help}`);
  return 2;
}

async function keepUp(controller: boolean, pace: number): Promise<number> {
  const { signal, interrupted } = untilInterrupted();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  let world: World | undefined;
  let forget = (): void => undefined;
  try {
    refuseSecondSandbox();
    world = await startWorld({ say, signal, controller, auditor: controller, pace });
    const privateKeyFile = join(world.folder, `${world.app.slug}.private-key.pem`);
    await writeFile(privateKeyFile, world.app.privateKey, { mode: 0o600 });
    forget = announceSandbox({
      pid: process.pid,
      web: world.forge.urls.web,
      kubeconfig: world.cluster.adminKubeconfig,
      binFolder: world.binFolder,
    });
    process.stdout.write(description(world, privateKeyFile, controller));
    const { controller: running } = world;
    void running?.exited.then((how) => {
      if (!signal.aborted) say(`sandbox: the controller has ended (${how}); its log says why`);
    });
    await interrupted;
    return 0;
  } catch (thrown) {
    if (signal.aborted) return 0;
    say(`sandbox: ${messageOf(thrown)}`);
    return 1;
  } finally {
    forget();
    await world?.stop();
  }
}

function description(world: World, privateKeyFile: string, controller: boolean): string {
  const { cluster, forge, app } = world;
  const { logFile } = world.controller ?? {};
  return `
The sandbox is up. In another shell, in this folder:

  eval "$(npm run -s sandbox -- env)"    # or: export KUBECONFIG=${cluster.adminKubeconfig}
  kubectl apply -f examples/
  sandbox release 6.2.0
  kubectl get pipelines -n ${pipelineNamespace} -w

  forge       ${forge.urls.web}   (API ${forge.urls.api}; the controller knows it as github.com)
  repository  git clone ${forge.urls.web}/${fleet}.git
  App         ${app.slug}, id ${app.id}, private key ${privateKeyFile}
              the same as in Secret ${pipelineNamespace}/acme-promoter
  controller  ${controller ? `log in ${logFile ?? ''}` : 'left out'}

Ctrl-C ends it and leaves nothing behind.
`;
}

function printEnv(): number {
  let sandbox: ReturnType<typeof findSandbox>;
  try {
    sandbox = findSandbox();
  } catch (thrown) {
    process.stderr.write(`sandbox: ${messageOf(thrown)}\n`);
    // For the shell that evaluates our output: it must not go on with another cluster.
    process.stdout.write('false\n');
    return 1;
  }
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  process.stdout.write(`export KUBECONFIG=${quote(sandbox.kubeconfig)}\n`);
  process.stdout.write(`export PATH=${quote(sandbox.binFolder)}:"$PATH"\n`);
  return 0;
}

/** Presses a button of the forge's first page. */
async function press(path: string, fields: Readonly<Record<string, string>>, done: string): Promise<number> {
  try {
    const { web } = findSandbox();
    const response = await fetch(`${web}${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: web },
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    const page = await response.text();
    if (response.status === 303) {
      process.stdout.write(`${done}\n`);
      return 0;
    }
    throw new Error(/<p>(.*?)<\/p>/.exec(page)?.[1] ?? `the forge answered ${response.status}`);
  } catch (thrown) {
    process.stderr.write(`sandbox: ${messageOf(thrown)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
