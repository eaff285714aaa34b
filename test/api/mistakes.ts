import { credentialManifest, pipelineManifest, pullRequestManifest, type Manifest } from './objects.ts';

/** An object that nobody may store, and all that `kubectl apply` says to it. */
export interface Mistake {
  /** What is wrong, to follow "refuses". */
  readonly what: string;
  readonly object: Manifest;
  readonly kubectl: string;
}

function pipelineRefusal(...sentences: string[]): string {
  return `The Pipeline "podinfo" is invalid: ${several(sentences)}`;
}

function credentialRefusal(...sentences: string[]): string {
  return `The Credential "acme-promoter" is invalid: ${several(sentences)}`;
}

function several(sentences: readonly string[]): string {
  const [only = ''] = sentences;
  return sentences.length === 1 ? only : `\n${sentences.map((each) => `* ${each}`).join('\n')}`;
}

/** What the server adds when it finds something before it looks at any rule. */
const rulesNotChecked =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

const url = 'spec.promotion.strategy.pullRequest.url';
const path = 'spec.promotion.strategy.pullRequest.paths[0]';
const label =
  "must be a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit";

function withPullRequest(changes: Parameters<typeof pullRequestManifest>[0]): Manifest {
  return pipelineManifest(({ spec }) => {
    spec.promotion = { strategy: { pullRequest: pullRequestManifest(changes) } };
  });
}

const nameSentence =
  "must be a DNS label, at most 63 characters and without '.': it becomes a part of branches and markers";

export const mistakes: readonly Mistake[] = [
  {
    what: 'a Pipeline whose name has a dot',
    object: pipelineManifest(({ metadata }) => {
      metadata.name = 'podinfo.v2';
    }),
    kubectl: `The Pipeline "podinfo.v2" is invalid: metadata.name: Invalid value: ${nameSentence}`,
  },
  {
    what: 'a Pipeline whose name is longer than a label',
    object: pipelineManifest(({ metadata }) => {
      metadata.name = 'p'.repeat(64);
    }),
    kubectl: `The Pipeline "${'p'.repeat(64)}" is invalid: metadata.name: Invalid value: ${nameSentence}`,
  },
  {
    what: 'a Pipeline without spec',
    object: { ...pipelineManifest(), spec: undefined },
    kubectl: pipelineRefusal('spec: Required value', rulesNotChecked),
  },
  {
    what: 'a Pipeline whose spec is null',
    object: { ...pipelineManifest(), spec: null },
    kubectl: pipelineRefusal('spec: Required value', rulesNotChecked),
  },
  {
    what: 'two environments of one name',
    object: pipelineManifest(({ spec }) => {
      for (const environment of spec.environments) environment.name = 'dev';
    }),
    kubectl: pipelineRefusal('spec.environments: Invalid value: the names of environments must be unique'),
  },
  {
    what: 'an environment whose name is no DNS label',
    object: pipelineManifest(({ spec }) => {
      spec.environments.push({ name: 'Prod_1', targets: [{ namespace: 'podinfo-prod' }] });
    }),
    kubectl: pipelineRefusal(`spec.environments[2].name: Invalid value: "Prod_1": ${label}`),
  },
  {
    what: 'a Pipeline of no environments',
    object: pipelineManifest(({ spec }) => {
      spec.environments = [];
    }),
    kubectl: pipelineRefusal(
      'spec.environments: Invalid value: 0: spec.environments in body should have at least 1 items',
    ),
  },
  {
    what: 'more than 16 environments',
    object: pipelineManifest(({ spec }) => {
      spec.environments = Array.from({ length: 17 }, (_, index) => ({
        name: `e${index}`,
        targets: [{ namespace: 'podinfo' }],
      }));
    }),
    kubectl: pipelineRefusal('spec.environments: Too many: 17: must have at most 16 items', rulesNotChecked),
  },
  {
    what: 'an environment without targets',
    object: pipelineManifest(({ spec }) => {
      spec.environments.push({ name: 'prod', targets: [] });
    }),
    kubectl: pipelineRefusal(
      'spec.environments[2].targets: Invalid value: 0: spec.environments[2].targets in body should have at least 1 items',
    ),
  },
  {
    what: 'two targets without a name in one environment',
    object: pipelineManifest(({ spec }) => {
      spec.environments.push({ name: 'prod', targets: [{ namespace: 'eu' }, { namespace: 'us' }] });
    }),
    kubectl: pipelineRefusal('spec.environments[2].targets[1]: Duplicate value: {"name":"default"}'),
  },
  {
    what: 'an app whose name cannot exist',
    object: pipelineManifest(({ spec }) => {
      spec.appRef.name = 'Podinfo';
    }),
    kubectl: pipelineRefusal(
      `spec.appRef.name: Invalid value: "Podinfo": must be the name of an object: lower-case letters, digits, '-' and '.'`,
    ),
  },
  {
    what: 'a kind of revision that does not exist',
    object: pipelineManifest(({ spec }) => {
      spec.revision = { from: 'Guess' };
    }),
    kubectl: pipelineRefusal(
      'spec.revision.from: Unsupported value: "Guess": supported values: "Auto"',
      rulesNotChecked,
    ),
  },
  {
    what: 'a Pipeline that does not say how to promote',
    object: pipelineManifest(({ spec }) => {
      delete spec.promotion;
    }),
    kubectl: pipelineRefusal(
      'spec.promotion: Required value: every environment after the first needs a way to be promoted into: set spec.promotion.strategy, or one in each',
    ),
  },
  {
    what: 'a Pipeline that is suspended and does not say how to promote',
    object: pipelineManifest(({ spec }) => {
      spec.promotion = { suspend: true };
    }),
    kubectl: pipelineRefusal(
      'spec.promotion: Required value: every environment after the first needs a way to be promoted into: set spec.promotion.strategy, or one in each',
    ),
  },
  {
    what: 'a strategy with no member',
    object: pipelineManifest(({ spec }) => {
      spec.promotion = { strategy: {} };
    }),
    kubectl: pipelineRefusal('spec.promotion.strategy: Invalid value: set exactly one of: pullRequest'),
  },
  {
    what: 'a repository by http',
    object: withPullRequest({ url: 'http://github.com/acme/fleet' }),
    kubectl: pipelineRefusal(
      `${url}: Invalid value: "http://github.com/acme/fleet": must be https://host/owner/name, with the host in lower case`,
    ),
  },
  {
    what: 'a token in the address of the repository',
    object: withPullRequest({ url: 'https://user:pass@github.com/acme/fleet' }),
    kubectl: pipelineRefusal(
      `${url}: Invalid value: "https://user:pass@github.com/acme/fleet": must be https://host/owner/name, with the host in lower case`,
    ),
  },
  {
    what: 'a repository by the address that git clones',
    object: withPullRequest({ url: 'https://github.com/acme/fleet.git' }),
    kubectl: pipelineRefusal(
      `${url}: Invalid value: "https://github.com/acme/fleet.git": must be written without '.git' at its end`,
    ),
  },
  {
    what: 'a path that leaves the repository',
    object: withPullRequest({ paths: ['apps/../../etc'] }),
    kubectl: pipelineRefusal(
      `${path}: Invalid value: "apps/../../etc": may not leave the repository: no part may be '.', '..' or '.git'`,
    ),
  },
  {
    what: 'a path from the root of a file system',
    object: withPullRequest({ paths: ['/apps/podinfo'] }),
    kubectl: pipelineRefusal(
      `${path}: Invalid value: "/apps/podinfo": must be a path from the root of the repository, without a slash at either end, of letters, digits, spaces and _ . @ + -`,
    ),
  },
  {
    what: 'a list of no paths',
    object: withPullRequest({ paths: [] }),
    kubectl: pipelineRefusal(
      'spec.promotion.strategy.pullRequest.paths: Invalid value: 0: spec.promotion.strategy.pullRequest.paths in body should have at least 1 items',
    ),
  },
  {
    what: 'a base branch with a space',
    object: withPullRequest({ baseBranch: 'my branch' }),
    kubectl: pipelineRefusal(
      'spec.promotion.strategy.pullRequest.baseBranch: Invalid value: "my branch": must be the name of a branch, of letters, digits and _ . - /',
    ),
  },
  {
    what: 'a base branch that git cannot have',
    object: withPullRequest({ baseBranch: 'release/1.lock' }),
    kubectl: pipelineRefusal(
      `spec.promotion.strategy.pullRequest.baseBranch: Invalid value: "release/1.lock": git has no branch of this name: no '..', and no part may end with '.' or '.lock'`,
    ),
  },
  {
    what: 'a Credential of two kinds',
    object: credentialManifest(({ spec }) => {
      spec.token = { secretRef: { name: 'acme-token' } };
    }),
    kubectl: credentialRefusal('spec: Invalid value: set exactly one of: githubApp, token'),
  },
  {
    what: 'a Credential of no kind',
    object: credentialManifest(({ spec }) => {
      delete spec.githubApp;
    }),
    kubectl: credentialRefusal('spec: Invalid value: set exactly one of: githubApp, token'),
  },
  {
    what: 'a Credential whose host is an address',
    object: credentialManifest(({ spec }) => {
      spec.host = 'https://github.com';
    }),
    kubectl: credentialRefusal(
      'spec.host: Invalid value: "https://github.com": must be a host name in lower case, with a port if need be, and no https:// before it',
    ),
  },
  {
    what: 'a Credential for a repository without an owner',
    object: credentialManifest(({ spec }) => {
      spec.repositories = ['fleet'];
    }),
    kubectl: credentialRefusal('spec.repositories[0]: Invalid value: "fleet": must be owner/name'),
  },
  {
    what: 'a Credential that names a repository twice',
    object: credentialManifest(({ spec }) => {
      spec.repositories = ['acme/fleet', 'acme/fleet'];
    }),
    kubectl: credentialRefusal('spec.repositories[1]: Duplicate value: "acme/fleet"'),
  },
  {
    what: 'a Credential for no repository',
    object: credentialManifest(({ spec }) => {
      spec.repositories = [];
    }),
    kubectl: credentialRefusal(
      'spec.repositories: Invalid value: 0: spec.repositories in body should have at least 1 items',
    ),
  },
  {
    what: 'a Credential whose Secret has no name',
    object: credentialManifest(({ spec }) => {
      spec.githubApp = { secretRef: { name: '' } };
    }),
    kubectl: credentialRefusal(
      `spec.githubApp.secretRef.name: Invalid value: "": must be the name of an object: lower-case letters, digits, '-' and '.'`,
    ),
  },
];
