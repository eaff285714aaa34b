import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { readCredentials } from '../sandbox/pipeline-view.ts';
import { startScene, type Scene } from './scene.ts';
import { SecretPieces } from './secret-pieces.ts';

let scene: Scene;
let visits = 0;
/** Where the operator's forge turns out to be, by what its name resolves to: on this very machine. */
const neighbour = createServer((socket) => void socket.destroy());

beforeAll(async () => {
  // At every address, since the name may have several.
  neighbour.on('connection', () => (visits += 1)).listen(0);
  await once(neighbour, 'listening');
  const { port } = neighbour.address() as AddressInfo; // a TCP server that listens has one
  const forge = { host: 'github.com', provider: 'github', allowHTTP: true };
  scene = await startScene({
    values: { forges: [{ ...forge, apiURL: `http://localhost:${port}` }] },
  });
}, 180_000);
afterAll(async () => {
  neighbour.close();
  await scene.stop();
});

const said =
  'github.com: nothing is sent to localhost: it has a loopback address, and the operator has not allowed that; if the forge is there, set allowPrivateNetwork: true for it';

test('a forge whose name leads to this machine gets nothing, and Credential and Pipeline say what to do', async () => {
  const stage = await scene.stage('leads-home');
  await eventually('the Credential says so', async () => {
    const [credential] = await readCredentials(stage.world.cluster, stage.namespace);
    const ready = credential?.status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'False' && ready.reason === 'HostNotAllowed' && ready.message === said;
  });
  await stage.release();
  await stage.eventually(
    'the Pipeline says so',
    ({ waiting }) => waiting?.reason === 'HostNotAllowed' && waiting.message === said,
  );
  expect(visits).toBe(0);
  expect(stage.requests).toEqual([]);
  expect(stage.proposal).toEqual({ head: undefined, pullRequests: [] });
  expect(new SecretPieces(stage.secrets).findIn('the outputs', await stage.outputs())).toEqual([]);
});
