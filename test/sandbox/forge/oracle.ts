import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type OpenApiSchema, asSchema, referencesIn, toJsonSchema } from './oracle-schema.ts';

export interface CheckedAnswer {
  readonly method: string;
  /** As in GitHub's description: `/repos/{owner}/{repo}`. */
  readonly template: string;
  readonly apiVersion: string;
  readonly status: number;
  /** Undefined: no body, or one that is not JSON. */
  readonly json: unknown;
  readonly hasJson: boolean;
}

/** What GitHub answers on any route, whether its description says so or not. */
const universal = new Set([301, 304, 307, 400, 401, 403, 404, 415, 429, 451, 500, 502, 503]);

/**
 * Judges answers by GitHub's own OpenAPI description. Successful answers may hold nothing that the description does not know;
 * errors have to have its shape. Schemas are compiled when they are first needed.
 */
export class Oracle {
  readonly #description: OpenApiSchema;
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #ajvs = new Map<string, { readonly ajv: Ajv; readonly known: Set<string> }>();

  readonly #wider: (() => Oracle) | undefined;
  #loaded: Oracle | undefined;

  private constructor(description: OpenApiSchema, wider?: () => Oracle) {
    this.#description = description;
    this.#wider = wider;
  }

  /** By the description of github.com, and that of Enterprise Cloud for routes that only it has. */
  static load(): Oracle {
    return new Oracle(describe('api.github.com'), () => new Oracle(describe('ghec')));
  }

  #widened(): Oracle | undefined {
    return (this.#loaded ??= this.#wider?.());
  }

  /** Whether GitHub has such a route at all. */
  knows(method: string, path: string): boolean {
    const segments = path.split('/');
    return Object.entries(asSchema(this.#description['paths'])).some(([template, item]) => {
      if (asSchema(item)[method.toLowerCase()] === undefined) return false;
      const parts = template.split('/');
      return (
        parts.length === segments.length &&
        parts.every((part, index) => part.startsWith('{') || part === segments[index])
      );
    });
  }

  /** What GitHub could not have answered, in a sentence; undefined when it could. */
  judge(answer: CheckedAnswer): string | undefined {
    const { method, template, status } = answer;
    const route = `${method} ${template}`;
    const operation = this.#operation(method, template);
    if (!operation) {
      const wider = this.#widened();
      return wider === undefined ? `${route}: GitHub has no such route` : wider.judge(answer);
    }
    const responses = asSchema(operation['responses']);
    const documented = responses[`${status}`];
    if (documented === undefined) {
      if (!universal.has(status)) return `${route}: GitHub does not answer with ${status}`;
      return this.#check(route, answer, { $ref: '#/components/schemas/basic-error' });
    }
    const schema = this.#schemaOf(asSchema(this.#resolve(documented)));
    if (schema === undefined) {
      const empty = !answer.hasJson || status >= 300;
      return empty ? undefined : `${route}: GitHub answers ${status} without a body`;
    }
    return this.#check(route, answer, schema);
  }

  /** Why GitHub's description does not allow this request body; undefined when it does. */
  judgeRequest(request: {
    readonly method: string;
    readonly template: string;
    readonly apiVersion: string;
    readonly body: unknown;
  }): string | undefined {
    const operation = this.#operation(request.method, request.template);
    const wider = operation ? undefined : this.#widened();
    if (wider !== undefined) return wider.judgeRequest(request);
    const body = asSchema(operation?.['requestBody']);
    const schema = asSchema(asSchema(body['content'])['application/json'])['schema'];
    if (schema === undefined) return undefined;
    if (request.body === undefined && body['required'] !== true) return undefined;
    const validate = this.#validator(asSchema(schema), { closed: false, apiVersion: request.apiVersion });
    if (validate(request.body)) return undefined;
    return `${request.method} ${request.template}: the request is not as GitHub describes it: ${explain(validate)}`;
  }

  #check(route: string, answer: CheckedAnswer, schema: OpenApiSchema): string | undefined {
    if (!answer.hasJson) return undefined; // another media type, which has no schema
    const closed = answer.status < 300;
    const validate = this.#validator(schema, { closed, apiVersion: answer.apiVersion });
    return validate(answer.json) ? undefined : `${route} ${answer.status}: ${explain(validate)}`;
  }

  #operation(method: string, template: string): OpenApiSchema | undefined {
    const item = asSchema(asSchema(this.#description['paths'])[template]);
    const operation = item[method.toLowerCase()];
    return operation === undefined ? undefined : asSchema(operation);
  }

  #schemaOf(response: OpenApiSchema): OpenApiSchema | undefined {
    const content = asSchema(response['content']);
    const schema = asSchema(content['application/json'])['schema'];
    return schema === undefined ? undefined : asSchema(schema);
  }

  #resolve(value: unknown): unknown {
    const reference = asSchema(value)['$ref'];
    if (typeof reference !== 'string') return value;
    const path = reference.slice(2).split('/');
    return path.reduce<unknown>((at, key) => asSchema(at)[key], this.#description);
  }

  #validator(
    schema: OpenApiSchema,
    options: { readonly closed: boolean; readonly apiVersion: string },
  ): ValidateFunction {
    const key = `${options.apiVersion} ${options.closed} ${JSON.stringify(schema)}`;
    const known = this.#validators.get(key);
    if (known) return known;
    const ajv = this.#ajvFor(options.apiVersion, schema);
    const validate = ajv.compile(toJsonSchema(schema, options));
    this.#validators.set(key, validate);
    return validate;
  }

  #ajvFor(apiVersion: string, schema: OpenApiSchema): Ajv {
    let entry = this.#ajvs.get(apiVersion);
    if (!entry) {
      const ajv = new Ajv({ strict: false, allErrors: false, logger: false, validateSchema: false });
      // ajv-formats is CommonJS: under Node its default export is the whole module.
      const add = 'default' in addFormats ? addFormats.default : addFormats;
      add(ajv);
      entry = { ajv, known: new Set() };
      this.#ajvs.set(apiVersion, entry);
    }
    const waiting = [...referencesIn(schema)];
    for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
      const name = reference.slice(reference.lastIndexOf('/') + 1);
      if (entry.known.has(name)) continue;
      entry.known.add(name);
      const component = asSchema(this.#resolve({ $ref: reference }));
      for (const closed of [true, false]) {
        const id = `/${closed ? 'closed' : 'open'}/${name}`;
        entry.ajv.addSchema(toJsonSchema(component, { closed, apiVersion }), id);
      }
      waiting.push(...referencesIn(component));
    }
    return entry.ajv;
  }
}

/** What the package has of one of GitHub's products. */
function describe(product: string): OpenApiSchema {
  const main = createRequire(import.meta.url).resolve('@octokit/openapi/package.json');
  return asSchema(JSON.parse(readFileSync(join(dirname(main), 'generated', `${product}.json`), 'utf8')));
}

function explain(validate: ValidateFunction): string {
  const error = validate.errors?.[0];
  const what = error?.params === undefined ? '' : ` ${JSON.stringify(error.params)}`;
  return `${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}${what}`;
}
