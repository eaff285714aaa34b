/** What GitHub puts into `errors` beside a 422. */
export interface FieldProblem {
  readonly resource: string;
  readonly code: string;
  readonly field?: string;
  readonly message?: string;
}

/** An answer that is an error in GitHub's shape, thrown where it is found out. */
export class GithubError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly (FieldProblem | string)[] | undefined;

  constructor(
    status: number,
    message: string,
    more: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly errors?: readonly (FieldProblem | string)[];
    } = {},
  ) {
    super(message);
    this.name = 'GithubError';
    this.status = status;
    this.headers = more.headers ?? {};
    this.errors = more.errors;
  }
}

export function notFound(): GithubError {
  return new GithubError(404, 'Not Found');
}

/** 422 with GitHub's general message and one problem with words of its own. */
export function invalid(resource: string, message: string, field?: string): GithubError {
  const code = field === undefined ? 'custom' : 'invalid';
  return new GithubError(422, 'Validation Failed', {
    errors: [{ resource, code, ...(field === undefined ? {} : { field }), message }],
  });
}

export function isGithubError(thrown: unknown): thrown is GithubError {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'GithubError';
}
