import type { Answer, Exchange } from './exchange.ts';
import type { Alternatives } from './permissions.ts';
import type { Repository } from './repository.ts';

/** Who may call a route, and what it is called with. */
export type Access =
  | { readonly kind: 'anyone'; run(exchange: Exchange): Promise<Answer> | Answer }
  /** The App itself, by its JWT. */
  | { readonly kind: 'app'; run(exchange: Exchange): Promise<Answer> | Answer }
  /** An installation token. */
  | { readonly kind: 'installation'; run(exchange: Exchange): Promise<Answer> | Answer }
  /** A person's token. */
  | { readonly kind: 'user'; run(exchange: Exchange): Promise<Answer> | Answer }
  /** Whoever has one of the permissions on the repository in the path. */
  | {
      readonly kind: 'repository';
      readonly permissions: Alternatives;
      run(exchange: Exchange, repository: Repository): Promise<Answer> | Answer;
    };

export interface Route {
  readonly method: string;
  /** As in GitHub's description; with `rest`, the last parameter takes what is left of the path. */
  readonly template: string;
  readonly rest: boolean;
  readonly access: Access;
  /** Counts against the limit on content creation. */
  readonly createsContent: boolean;
}

type RepositoryRun = (exchange: Exchange, repository: Repository) => Promise<Answer> | Answer;
type Run = (exchange: Exchange) => Promise<Answer> | Answer;

/** `GET /repos/{owner}/{repo}/git/ref/{ref+}`: a plus lets the last parameter hold slashes. */
export function repositoryRoute(line: string, permissions: Alternatives, run: RepositoryRun): Route {
  const route = parseLine(line);
  const createsContent = route.method !== 'GET' && route.method !== 'DELETE';
  return { ...route, access: { kind: 'repository', permissions, run }, createsContent };
}

export function route(line: string, kind: Exclude<Access['kind'], 'repository'>, run: Run): Route {
  return { ...parseLine(line), access: { kind, run }, createsContent: false };
}

function parseLine(line: string): Pick<Route, 'method' | 'template' | 'rest'> {
  const [method = '', path = ''] = line.split(' ');
  return { method, template: path.replace('+}', '}'), rest: path.includes('+}') };
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly names: readonly string[];
  readonly pattern: RegExp;
}

/** Finds routes by method and path; the first one that fits wins. */
export class Router {
  readonly #byMethod = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const known of routes) {
      const names = [...known.template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
      const last = names.length - 1;
      let index = -1;
      const source = known.template.replace(/\{\w+\}/g, () => {
        index += 1;
        return known.rest && index === last ? '(.+)' : '([^/]+)';
      });
      const list = this.#byMethod.get(known.method) ?? [];
      list.push({ route: known, names, pattern: new RegExp(`^${source}/?$`) });
      this.#byMethod.set(known.method, list);
    }
  }

  find(method: string, path: string): Match | undefined {
    for (const { route: known, names, pattern } of this.#byMethod.get(method) ?? []) {
      const match = pattern.exec(path);
      if (!match) continue;
      const params = Object.fromEntries(names.map((name, at) => [name, decode(match[at + 1] ?? '')]));
      return { route: known, params };
    }
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}
