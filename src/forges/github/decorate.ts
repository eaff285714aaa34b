import { z } from 'zod';
import type { Call } from '../forge.ts';
import { inRoute, type Place } from './place.ts';

const needs = 'pull_requests:write';

/** See `ForgeWriter.decorate`. A reviewer with a slash is a team: `acme/platform`. */
export async function decorate(
  place: Place,
  request: {
    readonly number: number;
    readonly labels: readonly string[];
    readonly reviewers: readonly string[];
  },
  call: Call,
): Promise<void> {
  const { number, labels, reviewers } = request;
  if (labels.length > 0) {
    await place.api.rest(
      { doing: `label pull request ${number}`, needs, answer: z.unknown() },
      (rest, passed) =>
        rest.issues.addLabels({ ...inRoute(place), issue_number: number, labels: [...labels], ...passed }),
      call,
    );
  }
  if (reviewers.length > 0) {
    const people = reviewers.filter((name) => !name.includes('/'));
    const teams = reviewers.filter((name) => name.includes('/')).map((name) => name.split('/').at(-1) ?? '');
    await place.api.rest(
      { doing: `ask ${reviewers.join(', ')} to review`, needs, answer: z.unknown() },
      (rest, passed) =>
        rest.pulls.requestReviewers({
          ...inRoute(place),
          pull_number: number,
          ...(people.length === 0 ? {} : { reviewers: people }),
          ...(teams.length === 0 ? {} : { team_reviewers: teams }),
          ...passed,
        }),
      call,
    );
  }
}
