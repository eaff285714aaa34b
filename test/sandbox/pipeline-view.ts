import { z } from 'zod';
import { credential, type CredentialStatus } from '../../src/api/credential.ts';
import {
  pipelineStatus,
  type EnvironmentStatus,
  type PipelineStatus,
} from '../../src/api/pipeline-status.ts';
import type { Cluster } from './cluster/cluster.ts';

const pipelineObject = z.object({ status: pipelineStatus.optional() });
const credentialList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), status: credential.shape.status })),
});

const root = '/apis/lockkeeper.dev/v1alpha1/namespaces';

/** A Pipeline's status as the API server has it; undefined before there is one. */
export async function readPipelineStatus(
  cluster: Pick<Cluster, 'api'>,
  namespace: string,
  name: string,
): Promise<PipelineStatus | undefined> {
  const { status, body } = await cluster.api('GET', `${root}/${namespace}/pipelines/${name}`);
  return status === 200 ? pipelineObject.parse(body).status : undefined;
}

export async function readEnvironment(
  cluster: Pick<Cluster, 'api'>,
  namespace: string,
  name: string,
  environment: string,
): Promise<EnvironmentStatus | undefined> {
  const status = await readPipelineStatus(cluster, namespace, name);
  return status?.environments?.find((each) => each.name === environment);
}

/** Every Credential of a namespace with its whole status. */
export async function readCredentials(
  cluster: Pick<Cluster, 'api'>,
  namespace: string,
): Promise<readonly { readonly name: string; readonly status: CredentialStatus | undefined }[]> {
  const { body } = await cluster.api('GET', `${root}/${namespace}/credentials`);
  return credentialList.parse(body).items.map(({ metadata, status }) => ({ name: metadata.name, status }));
}
