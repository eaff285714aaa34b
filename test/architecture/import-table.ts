import type { Import, Module } from './module.ts';

/** What one folder of `src` may import of the others. */
interface Row {
  readonly any?: readonly string[];
  /** Folders of which the types alone may come in. */
  readonly types?: readonly string[];
  /** Single files, without `.ts`, of folders that may not be imported otherwise. */
  readonly files?: readonly string[];
}

/** Who may import whom. A folder may always import itself; a folder that is not here may not exist. */
const importTable: Readonly<Record<string, Row>> = {
  base: {},
  api: { any: ['base'] },
  engines: { any: ['base'] },
  manifests: { any: ['base'] },
  telemetry: { any: ['base'] },
  // A forge is built with a repository and a Secret, so it knows neither our kinds nor Kubernetes.
  forges: { any: ['base', 'telemetry'] },
  kube: { any: ['base', 'telemetry'], files: ['api/meta'] },
  proposing: { any: ['base', 'forges', 'manifests'], types: ['api'] },
  credentials: { any: ['base', 'api', 'kube', 'forges', 'telemetry'] },
  auditor: { any: ['base', 'api', 'kube', 'telemetry'] },
  promotion: {
    any: ['base', 'api', 'engines', 'manifests', 'telemetry', 'forges', 'kube', 'proposing', 'credentials'],
  },
  // A security statement: who breaks into the gateway finds no code there that mints a repository's token.
  gateway: {
    any: ['base', 'api', 'kube', 'telemetry', 'proposing', 'forges'],
    files: ['credentials/user-token'],
  },
  cli: {
    any: [
      'base',
      'api',
      'engines',
      'manifests',
      'telemetry',
      'forges',
      'kube',
      'proposing',
      'credentials',
      'auditor',
      'promotion',
      'gateway',
    ],
  },
};

/** Half a second and 60 MB to load, and it runs programs that a kubeconfig names: only a composition root may decide on that. */
const clientNode = '@kubernetes/client-node';

/** What is wrong with the imports of `modules`, one sentence each. `production` is what package.json lists as dependencies. */
export function importViolations(modules: readonly Module[], production: ReadonlySet<string>): string[] {
  return modules.flatMap((module) => {
    const [top = '', folder = ''] = module.path.split('/');
    if (top !== 'src') return [];
    const row = importTable[folder];
    if (row === undefined) return [`${module.path}: src/${folder} is not in the import table`];
    return module.imports.flatMap((each) => {
      const why = each.isFile ? whyNotFile(folder, row, each) : whyNotPackage(folder, each, production);
      return why === undefined ? [] : [`${module.path}:${each.line}: ${why}`];
    });
  });
}

function whyNotFile(folder: string, row: Row, { target, typeOnly }: Import): string | undefined {
  const [top = '', other = '', ...rest] = target.split('/');
  if (target === 'package.json') return undefined;
  if (top !== 'src') return `src does not import ${target}, which is not part of the product`;
  if (other === folder || row.any?.includes(other)) return undefined;
  const file = [other, ...rest].join('/').replace(/\.ts$/, '');
  if (row.files?.includes(file)) return undefined;
  if (row.types?.includes(other)) {
    return typeOnly ? undefined : `${folder} may import the types of ${other} alone, not its values`;
  }
  return `${folder} may not import ${other}${other in importTable ? '' : ', which is not in the import table'}`;
}

function whyNotPackage(
  folder: string,
  { target, typeOnly }: Import,
  production: ReadonlySet<string>,
): string | undefined {
  if (typeOnly || target.startsWith('node:')) return undefined;
  if (target === clientNode && folder !== 'cli')
    return `only cli may import ${clientNode} as more than types`;
  if (!production.has(target)) return `${target} is not a production dependency: import its types alone`;
  return undefined;
}
