import { runProcess, runPure, type ProcessRun, type PureRun } from './audit/audit-runs.ts';
import { startAuditStage } from './audit/audit-stage.ts';
import { figure, type Figure } from './report.ts';
import type { Wishes } from './wishes.ts';

/** What an audit of many Credentials takes in a cluster with many rights, and how soon a change of them is in status. */
export async function measureAudit(wishes: Wishes): Promise<readonly Figure[]> {
  const { bindings, audited } = wishes;
  const stage = await startAuditStage({ bindings, credentials: audited }, wishes);
  try {
    const what = `${Math.round(bindings / 2)} roles and ${bindings} bindings`;
    const pure = pureFigures(`${what}, ${audited} Credentials`, await runPure(stage, wishes));
    return [...pure, ...processFigures(what, await runProcess(stage, wishes))];
  } finally {
    await stage.stop();
  }
}

function pureFigures(what: string, { allMs, againMs, others, bareMs }: PureRun): Figure[] {
  return [
    figure(`${what}: full audit of all, of objects in memory`, allMs / 1000, 's', {
      bar: 2,
      limit: bareMs / 1000,
    }),
    figure(`${what}: all again after a change in one namespace`, againMs / 1000, 's', {
      limit: bareMs / 1000,
    }),
    figure(`${what}: others in a report, on average`, others, 'subjects'),
  ];
}

function processFigures(what: string, run: ProcessRun): Figure[] {
  const { change, bare } = run;
  return [
    figure(`${what}: start of the auditor to ready`, run.readySeconds, 's', { limit: bare.seconds }),
    figure(`${what}: start of the auditor to the last first status`, run.writtenSeconds, 's'),
    figure(`${what}: memory resident, steady`, run.residentMB, 'MB', { bar: 200 }),
    figure(`${what}: memory resident at most`, run.peakMB, 'MB', { bar: 200 }),
    figure(`${what}: a RoleBinding made to status written, p50`, change.p50Ms, 'ms'),
    figure(`${what}: a RoleBinding made to status written, longest`, change.longestMs, 'ms'),
    figure(`${what}: processor time of such a change`, change.cpuMs, 'ms'),
  ];
}
