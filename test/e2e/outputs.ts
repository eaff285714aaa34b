import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { git } from '../sandbox/forge/git/run-git.ts';
import { fullNameOf } from '../sandbox/forge/repositories.ts';
import type { World } from '../sandbox/world.ts';
import { credentialName } from './objects.ts';

/** Something that others can read. */
export interface Output {
  /** `log controller-1`, `answer /metrics`, `process args`, `object Event apps/podinfo.1a2b`, `page /acme/fleet/pull/1`, `git acme/fleet`. */
  readonly where: string;
  readonly text: string;
}

/** Everything that the run has left where somebody can read it, but for what is in the Credentials' Secrets. */
export async function outputsOf(world: World): Promise<readonly Output[]> {
  const parts = [
    logs(world),
    answers(world),
    processes(world),
    objects(world),
    pages(world),
    histories(world),
  ];
  return (await Promise.all(parts)).flat();
}

/** Of every controller that has run, the killed ones too. */
async function logs({ folder }: World): Promise<Output[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('controller-'));
  return await Promise.all(
    names.map(async (name) => ({
      where: `log ${name}`,
      text: await readFile(join(folder, name, 'controller.log'), 'utf8'),
    })),
  );
}

/** Of the controller's health and metrics; none when it does not run. */
async function answers({ controller }: World): Promise<Output[]> {
  const paths = ['/metrics', '/livez?verbose', '/readyz?verbose', '/elsewhere'];
  return await Promise.all(
    paths.map(async (path) => {
      const text = await fetch(`${controller?.telemetryUrl}${path}`)
        .then(async (response) => `${JSON.stringify([...response.headers])}\n${await response.text()}`)
        .catch(() => '');
      return { where: `answer ${path}`, text };
    }),
  );
}

/** What whoever looks at processes sees of the controller's, as far as the system shows that. */
async function processes({ controller }: World): Promise<Output[]> {
  const files = { args: 'cmdline', environment: 'environ' };
  return await Promise.all(
    Object.entries(files).map(async ([name, file]) => ({
      where: `process ${name}`,
      text: await readFile(`/proc/${controller?.pid}/${file}`, 'utf8').catch(() => ''),
    })),
  );
}

const groupList = z.object({
  groups: z.array(z.object({ preferredVersion: z.object({ groupVersion: z.string() }) })),
});
const resourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), verbs: z.array(z.string()) })),
});
const objectList = z.object({
  items: z.array(
    z.looseObject({ metadata: z.looseObject({ name: z.string(), namespace: z.string().default('') }) }),
  ),
});

async function objects({ cluster }: World): Promise<Output[]> {
  const { body } = await cluster.api('GET', '/apis');
  const groups = groupList.parse(body).groups.map(({ preferredVersion }) => preferredVersion.groupVersion);
  const found = await Promise.all(
    ['/api/v1', ...groups.map((group) => `/apis/${group}`)].map(async (root) => {
      const { resources } = resourceList.parse((await cluster.api('GET', root)).body);
      const listed = resources.filter(({ name, verbs }) => verbs.includes('list') && !name.includes('/'));
      return await Promise.all(
        listed.map(async ({ name, kind }) => {
          const { items } = objectList.parse((await cluster.api('GET', `${root}/${name}`)).body);
          return items.map((object) => outputOfObject(kind, object));
        }),
      );
    }),
  );
  return found.flat(2);
}

function outputOfObject(kind: string, object: z.infer<typeof objectList>['items'][number]): Output {
  const { name, namespace } = object.metadata;
  // Where a credential is kept is the one place where it may be; what else stands in that object is for all to see.
  const isKept = kind === 'Secret' && [credentialName, 'acme-promoter'].includes(name);
  return {
    where: `object ${kind} ${namespace}/${name}`,
    text: JSON.stringify(isKept ? { ...object, data: undefined } : object),
  };
}

/** Every page that can be reached from the first one. */
async function pages({ forge }: World): Promise<Output[]> {
  const found = new Map<string, string>();
  const next = ['/'];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (found.has(path)) continue;
    const response = await fetch(`${forge.urls.web}${path}`);
    const text = await response.text();
    found.set(path, `${JSON.stringify([...response.headers])}\n${text}`);
    next.push(...[...text.matchAll(/ href="(\/[^"]*)"/g)].map(([, link = '/']) => link));
  }
  return [...found].map(([path, text]) => ({ where: `page ${path}`, text }));
}

/** Every object, also those that no branch leads to. */
async function histories({ forge }: World): Promise<Output[]> {
  return await Promise.all(
    forge.world.repositories.all().map(async (repository) => {
      const everything = await git(repository.git.gitDir, ['cat-file', '--batch', '--batch-all-objects']);
      return { where: `git ${fullNameOf(repository)}`, text: everything.toString('latin1') };
    }),
  );
}
