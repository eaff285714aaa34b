/** Who used a credential, and when. */
export interface Use {
  readonly time: Date;
  /** `namespace/pipeline environment` */
  readonly by: string;
}

/** The uses by one Pipeline are not worth a write more often than this. */
export const showEveryMs = 60_000;

/** @param by as in `Use` */
export function pipelineOf(by: string): string {
  return by.slice(0, by.lastIndexOf(' '));
}
