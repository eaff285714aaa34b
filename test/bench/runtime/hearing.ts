import { z } from 'zod';

/** What a process that hears of HelmReleases is told, one JSON line on stdin. It says `synced` and then one line per event. */
export const hearSetting = z.object({ server: z.string(), ca: z.string(), token: z.string() });
export type HearSetting = z.infer<typeof hearSetting>;

/** It heard of this version of an object at `atMs`, as `monotonicMs` has it. */
export const heardLine = z.object({ key: z.string(), version: z.string(), atMs: z.number() });
export type Heard = z.infer<typeof heardLine>;

export const hearPath = '/apis/helm.toolkit.fluxcd.io/v2/helmreleases';

/** Milliseconds of a clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Told after the fact, so that telling does not delay what is measured. */
export function tellLater(): (heard: Heard) => void {
  let lines = '';
  setInterval(() => {
    if (lines !== '') process.stdout.write(lines);
    lines = '';
  }, 250).unref();
  return (heard) => {
    lines += `${JSON.stringify(heard)}\n`;
  };
}
