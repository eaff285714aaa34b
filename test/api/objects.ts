/** A manifest, with nothing that the API server fills in. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string };
  spec: unknown;
}

export interface PullRequestManifest {
  url: string;
  baseBranch?: string;
  paths?: string[];
  credentialRef: { name: string };
}

export interface PipelineManifest extends Manifest {
  spec: {
    appRef: { apiVersion: string; kind: string; name: string };
    revision?: { from?: string };
    environments: {
      name: string;
      targets: { name?: string; namespace: string; appName?: string }[];
      promotion?: { suspend?: boolean; strategy?: { pullRequest?: PullRequestManifest } };
    }[];
    promotion?: { suspend?: boolean; strategy?: { pullRequest?: PullRequestManifest } };
  };
}

export interface CredentialManifest extends Manifest {
  spec: {
    host: string;
    repositories: string[];
    githubApp?: { secretRef: { name: string } };
    token?: { secretRef: { name: string } };
  };
}

const apiVersion = 'lockkeeper.dev/v1alpha1';

export function pullRequestManifest(changes: Partial<PullRequestManifest> = {}): PullRequestManifest {
  return { url: 'https://github.com/acme/fleet', credentialRef: { name: 'acme-promoter' }, ...changes };
}

/** dev → staging, with as few words as can be; `change` gets it to spoil or extend. */
export function pipelineManifest(
  change: (pipeline: PipelineManifest) => void = () => undefined,
): PipelineManifest {
  const pipeline: PipelineManifest = {
    apiVersion,
    kind: 'Pipeline',
    metadata: { name: 'podinfo' },
    spec: {
      appRef: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'podinfo' },
      environments: [
        { name: 'dev', targets: [{ namespace: 'podinfo-dev' }] },
        { name: 'staging', targets: [{ namespace: 'podinfo-staging' }] },
      ],
      promotion: { strategy: { pullRequest: pullRequestManifest() } },
    },
  };
  change(pipeline);
  return pipeline;
}

/** One that says nothing for all environments, and in each but the first how promotions into it are made. */
export function promotedByEach(): PipelineManifest {
  return pipelineManifest(({ spec }) => {
    delete spec.promotion;
    for (const environment of spec.environments.slice(1))
      environment.promotion = { strategy: { pullRequest: pullRequestManifest() } };
  });
}

export function credentialManifest(
  change: (credential: CredentialManifest) => void = () => undefined,
): CredentialManifest {
  const credential: CredentialManifest = {
    apiVersion,
    kind: 'Credential',
    metadata: { name: 'acme-promoter' },
    spec: {
      host: 'github.com',
      repositories: ['acme/fleet'],
      githubApp: { secretRef: { name: 'acme-promoter' } },
    },
  };
  change(credential);
  return credential;
}

/** As the API server gives it back: with what it fills into metadata. */
export function stored<M extends Manifest>(manifest: M): M {
  return {
    ...manifest,
    metadata: { namespace: 'default', ...manifest.metadata, uid: 'u-1', resourceVersion: '1', generation: 1 },
  };
}
