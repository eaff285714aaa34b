import { readFileSync } from 'node:fs';
import {
  buildSchema,
  execute,
  GraphQLError,
  isAbstractType,
  Kind,
  parse,
  validate,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  type GraphQLTypeResolver,
  type OperationDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Answer, Exchange } from '../exchange.ts';
import { GithubError, isGithubError } from '../github-error.ts';
import { mutationsOf } from './mutations.ts';
import { queriesOf } from './queries.ts';

/** By path: the package exports no file, and importing it would also read the same schema as JSON. */
const sdl = new URL('../../../../node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url);

const request = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** Executes GraphQL on GitHub's own schema; a field that the sandbox does not have is an error and never null. */
export class GraphqlService {
  readonly #schema: GraphQLSchema;
  readonly #documents = new LRUCache<string, DocumentNode>({ max: 500 });

  private constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  static load(): GraphqlService {
    return new GraphqlService(buildSchema(readFileSync(sdl, 'utf8'), { assumeValidSDL: true }));
  }

  /** The fields at the top of the document; none when it cannot be read. */
  fieldsOf(body: unknown): string[] {
    const operation = this.#operation(body);
    return (operation?.selectionSet.selections ?? []).flatMap((selection) =>
      selection.kind === Kind.FIELD ? [selection.name.value] : [],
    );
  }

  isMutation(body: unknown): boolean {
    return this.#operation(body)?.operation === 'mutation';
  }

  async answer(exchange: Exchange): Promise<Answer> {
    if (exchange.caller.kind === 'anonymous') throw new GithubError(401, 'Requires authentication');
    const read = request.safeParse(exchange.body);
    if (!read.success) return { status: 400, json: { message: 'Problems parsing JSON' } };
    let document: DocumentNode;
    try {
      document = this.#parse(read.data.query);
    } catch (error) {
      return failed([error instanceof GraphQLError ? error : new GraphQLError(String(error))]);
    }
    const problems = validate(this.#schema, document);
    if (problems.length > 0) return failed(problems);
    const result = await execute({
      schema: this.#schema,
      document,
      rootValue: { ...queriesOf(exchange), ...mutationsOf(exchange) },
      variableValues: read.data.variables ?? {},
      operationName: read.data.operationName ?? null,
      fieldResolver: resolveField,
      typeResolver: resolveType,
    });
    const { data, errors } = result;
    const broken = errors?.find(isOurs);
    if (broken) throw broken;
    const refusal = errors?.map(({ originalError }) => originalError).find(isGithubError);
    return {
      status: 200,
      headers: refusal?.headers ?? {},
      json: {
        ...(data === undefined ? {} : { data }),
        ...(errors === undefined ? {} : { errors: errors.map(shown) }),
      },
    };
  }

  #operation(body: unknown): OperationDefinitionNode | undefined {
    const read = request.safeParse(body);
    if (!read.success) return undefined;
    try {
      return this.#parse(read.data.query).definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
    } catch {
      return undefined; // said when it is executed
    }
  }

  #parse(query: string): DocumentNode {
    const known = this.#documents.get(query);
    if (known !== undefined) return known;
    const document = parse(query);
    this.#documents.set(query, document);
    return document;
  }
}

const resolveField: GraphQLFieldResolver<unknown, unknown> = (source, args, _context, info) => {
  const value: unknown =
    typeof source === 'object' && source !== null ? Reflect.get(source, info.fieldName) : undefined;
  if (value === undefined) {
    throw new GraphQLError(`the sandbox does not implement ${info.parentType.name}.${info.fieldName}`);
  }
  return typeof value === 'function' ? (value as (given: unknown) => unknown)(args) : value; // our own objects' methods take the arguments
};

const resolveType: GraphQLTypeResolver<unknown, unknown> = (source, _context, _info, abstract) => {
  const name: unknown =
    typeof source === 'object' && source !== null ? Reflect.get(source, '__typename') : undefined;
  if (typeof name === 'string' && isAbstractType(abstract)) return name;
  throw new GraphQLError(`the sandbox does not know which ${abstract.name} this is`);
};

/** A fault of the sandbox: GitHub's own errors at a field have a type. */
function isOurs({ path, extensions, originalError }: GraphQLError): boolean {
  return path !== undefined && !('type' in extensions) && !isGithubError(originalError);
}

function failed(errors: readonly GraphQLError[]): Answer {
  return { status: 200, json: { errors: errors.map(shown) } };
}

function shown(error: GraphQLError): Record<string, unknown> {
  const { message, path, locations, extensions, originalError } = error;
  const type = extensions['type'] ?? (isGithubError(originalError) ? typeOf(originalError) : undefined);
  return {
    ...(type === undefined ? {} : { type }),
    ...(path === undefined ? {} : { path }),
    ...(locations === undefined ? {} : { locations }),
    ...(isSingleSignOn(originalError) ? { extensions: { saml_failure: true } } : {}),
    message,
  };
}

function isSingleSignOn(error: unknown): boolean {
  return isGithubError(error) && 'x-github-sso' in error.headers;
}

function typeOf({ status }: GithubError): string {
  if (status === 404) return 'NOT_FOUND';
  return status === 403 ? 'FORBIDDEN' : 'UNPROCESSABLE';
}
