import { Random } from '../random.ts';

/**
 * A Flux repository as a platform team has it, of any size, the same one each time: teams with apps in three environments, a release,
 * values and a kustomization each, clusters and some documents. One file for each Pipeline carries a marker.
 */
export interface FleetSize {
  /** Files in the newest commit. */
  readonly files: number;
  /** Commits before it, each changing a few files. */
  readonly history: number;
  /** Names of Pipelines that promote from dev to staging. */
  readonly pipelines: readonly string[];
}

const firstVersion = '6.0.0';

/** The one file that a Pipeline's promotions change. */
export function markedPath(pipeline: string): string {
  return `apps/${pipeline}/staging/release.yaml`;
}

/** What that file holds. */
export function releaseInStaging(pipeline: string, version: string): string {
  const marker = ` # {"$promotion": "apps:${pipeline}:staging"}`;
  return release(pipeline, 'staging', { version, marker }).text;
}

const environments = ['dev', 'staging', 'prod'] as const;

/** The stream that `git fast-import` reads, in pieces. Branch `main`. */
export function* fastImportStream(size: FleetSize): Generator<string> {
  const random = new Random(20_261_122);
  const files = [...filesOf(size)];
  let mark = 0;
  for (let commit = 0; commit <= size.history; commit += 1) {
    const first = commit === 0;
    const changed = first ? files : pick(files, 3, random);
    mark += 1;
    const when = 1_790_000_000 + commit * 600;
    yield `commit refs/heads/main\nmark :${mark}\nauthor Ada <ada@example.com> ${when} +0000\ncommitter Ada <ada@example.com> ${when} +0000\n`;
    yield data(first ? 'Start the fleet' : `Tune ${changed[0]?.path ?? ''}`);
    if (!first) yield `from :${mark - 1}\n`;
    for (const { path, text } of changed) {
      yield `M 100644 inline ${path}\n`;
      yield data(first ? text : `${text}# tuned ${commit}\n`);
    }
    yield '\n';
  }
  yield 'done\n';
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

interface File {
  readonly path: string;
  readonly text: string;
}

/** Exactly as many as wanted. */
function* filesOf({ files, pipelines }: FleetSize): Generator<File> {
  let left = files;
  for (const file of allFiles(pipelines)) {
    if (left === 0) return;
    left -= 1;
    yield file;
  }
}

/** No end of them: an app after the other. */
function* allFiles(pipelines: readonly string[]): Generator<File> {
  yield { path: 'README.md', text: '# fleet\n\nWhat runs where.\n' };
  for (const pipeline of pipelines) {
    yield release(pipeline, 'dev');
    yield { path: markedPath(pipeline), text: releaseInStaging(pipeline, firstVersion) };
  }
  for (let app = 0; ; app += 1) {
    const name = `svc-${String(app).padStart(5, '0')}`;
    // Nobody keeps ten thousand apps side by side in one folder.
    const team = `team-${String(Math.floor(app / 50)).padStart(3, '0')}`;
    for (const environment of environments) {
      const folder = `teams/${team}/${name}/${environment}`;
      yield { ...release(name, environment), path: `${folder}/release.yaml` };
      yield { path: `${folder}/values.yaml`, text: values(name, app) };
      yield { path: `${folder}/kustomization.yaml`, text: kustomization(name, environment) };
    }
    if (app % 4 === 0) yield { path: `docs/${team}/${name}.md`, text: document(name, team) };
    if (app % 3 === 0)
      yield { path: `clusters/eu-${app % 7}/${team}/${name}.yaml`, text: clusterFile(name, team) };
  }
}

/** The HelmRelease of an app in one environment. */
export function release(
  app: string,
  environment: string,
  { version = firstVersion, marker = '' }: { readonly version?: string; readonly marker?: string } = {},
): File {
  return {
    path: `apps/${app}/${environment}/release.yaml`,
    text: `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: ${app}
  namespace: ${app}-${environment}
spec:
  interval: 10m
  timeout: 5m
  chart:
    spec:
      chart: ${app}
      version: ${version}${marker}
      sourceRef: { kind: HelmRepository, name: charts, namespace: flux-system }
      interval: 10m
  install: { crds: Create, remediation: { retries: 3 } }
  upgrade: { crds: CreateReplace, cleanupOnFail: true, remediation: { retries: 3 } }
  valuesFrom:
    - { kind: ConfigMap, name: ${app}-values, valuesKey: values.yaml }
`,
  };
}

function values(name: string, seed: number): string {
  return `replicaCount: ${1 + (seed % 5)}
image: { repository: registry.example.com/team/${name}, pullPolicy: IfNotPresent }
resources:
  requests: { cpu: ${50 + (seed % 9) * 10}m, memory: ${64 + (seed % 11) * 32}Mi }
  limits: { memory: ${256 + (seed % 11) * 64}Mi }
ingress:
  enabled: ${seed % 2 === 0 ? 'true' : 'false'}
  className: nginx
  hosts:
    - host: ${name}.example.com
      paths: [{ path: /, pathType: Prefix }]
serviceMonitor: { enabled: true, interval: 30s }
podDisruptionBudget: { enabled: true, minAvailable: 1 }
`;
}

function kustomization(name: string, environment: string): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: ${name}-${environment}
resources: [release.yaml]
configMapGenerator:
  - name: ${name}-values
    files: [values.yaml]
generatorOptions: { disableNameSuffixHash: true }
`;
}

function clusterFile(name: string, team: string): string {
  return `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: ${name}, namespace: flux-system }
spec:
  interval: 10m
  path: ./teams/${team}/${name}
  prune: true
  sourceRef: { kind: GitRepository, name: fleet }
`;
}

function document(name: string, team: string): string {
  return `# ${name}\n\nOwned by ${team}. Ask in #${team} before changing its values.\n`;
}

/** `count` files that a later commit changes; marked ones are left alone. */
function pick(files: readonly File[], count: number, random: Random): readonly File[] {
  const picked = new Map<string, File>();
  for (let tries = 0; picked.size < count && tries < count * 10; tries += 1) {
    const file = files[random.below(files.length)];
    if (file !== undefined && !file.text.includes('$promotion')) picked.set(file.path, file);
  }
  return [...picked.values()];
}
