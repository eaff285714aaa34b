import { EventLoopLag } from '../telemetry/event-loop.ts';
import { liveness, readiness, type RuntimeFacts } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startTelemetryServer, type TelemetryServer } from '../telemetry/server.ts';
import type { Config } from './config.ts';
import { version } from './version.ts';

export interface Instruments {
  readonly metrics: Metrics;
  /** From now on health and metrics are told from these facts. */
  follow(read: () => RuntimeFacts): void;
  stop(): Promise<void>;
}

/** Health and metrics, served unless the address says nowhere. Rejects with PortTaken or ListenFailed. */
export async function startInstruments(
  address: Config['telemetryAddress'],
  log: Logger,
): Promise<Instruments> {
  const lag = new EventLoopLag();
  const [scraped, probed] = [lag.reader(), lag.reader()];
  const metrics = createMetrics({ version, eventLoopLagMs: scraped });
  let read = (): RuntimeFacts => ({ isLeading: false, reflectors: [], controllers: [] });
  let server: TelemetryServer | undefined;
  if (address !== 'nowhere') {
    server = await startTelemetryServer({
      ...address,
      live: () => liveness({ ...read(), eventLoopLagMs: probed() }),
      ready: () => readiness(read()),
      metrics: () => metrics.scrape(),
    });
    log.info({ port: server.port }, 'health and metrics are served');
  }
  return {
    metrics,
    follow: (facts) => {
      read = facts;
      metrics.follow(facts);
    },
    stop: async () => {
      lag.stop();
      await server?.close();
    },
  };
}
