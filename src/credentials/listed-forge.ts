import type { Budget } from '../forges/budget/budget.ts';
import type { Connection } from '../forges/connection.ts';
import type { Provider } from '../forges/provider.ts';

/** One forge of the operator's list. */
export interface ListedForge {
  readonly connection: Connection;
  readonly provider: Provider;
  /** What acts reserve before they begin; absent: they begin at once. */
  readonly budget?: Budget;
}
