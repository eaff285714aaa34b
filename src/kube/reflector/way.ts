/** How all objects are read: as the beginning of the watch (KEP-3157), or by pages of a list. */
export type Way = 'stream' | 'pages';

/** One failure in a row is a server that was just restarted; two may be something between us and it that lets the other way pass. */
const mostFailures = 2;
/** What the server says to both ways alike. */
const toBoth: ReadonlySet<string> = new Set(['Unauthorized', 'Forbidden', 'NotFound', 'TooManyRequests']);

/**
 * Which way all objects are read next. What fails twice in a row is tried in the other way, and that in the first one again: so neither a
 * proxy that breaks long answers nor one that holds them back keeps us from reading, and an outage, in which both fail, decides nothing.
 */
export class WayOfReading {
  #current: Way;
  #mayStream: boolean;
  #failures = 0;

  /** @param first `pages`: never by stream */
  constructor(first: Way) {
    this.#current = first;
    this.#mayStream = first === 'stream';
  }

  get current(): Way {
    return this.#current;
  }

  /** All objects have come. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** They have not. @param code what went wrong @param way in which; one that has been given up already does not count */
  failed(code: string, way: Way): void {
    if (toBoth.has(code) || way !== this.#current) return;
    this.#failures += 1;
    if (this.#failures < mostFailures) return;
    this.#failures = 0;
    this.#current = this.#current === 'pages' && this.#mayStream ? 'stream' : 'pages';
  }

  /** A stream was silent or ended without a failure before all had come, as something between us and the server makes it: pages at once. */
  streamEndsNot(): void {
    this.#current = 'pages';
    this.#failures = 0;
  }

  /** The server has no such streams: pages from now on, whatever comes of them. */
  streamNoMore(): void {
    this.#mayStream = false;
    this.streamEndsNot();
  }
}
