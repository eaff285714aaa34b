import { request } from 'undici';

/** The sum of a metric's values over all labels that hold what is given; 0 when there is none. Rejects when nobody answers. */
export async function scrape(
  telemetryUrl: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await request(`${telemetryUrl}/metrics`);
  return sumOf(await answer.body.text(), name, labels);
}

/** @param text as Prometheus reads it */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((each) => line.includes(each)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
