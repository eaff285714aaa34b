import { CodedError } from '../../../src/base/error.ts';
import { nodeId } from './node-ids.ts';

export type AccountType = 'User' | 'Organization' | 'Bot';

export interface Account {
  readonly id: number;
  readonly nodeId: string;
  readonly login: string;
  readonly type: AccountType;
  readonly name: string | undefined;
  readonly email: string;
  readonly createdAt: Date;
  /** Of an organization: who may do everything in it. */
  readonly admins: Set<number>;
  /** Of an organization: everybody who may read its private repositories, admins included. */
  readonly members: Set<number>;
  /** Of an organization: classic and OAuth tokens are to be authorized for it before they see what is private. */
  singleSignOn: boolean;
}

/** The author of commits that GitHub itself makes or signs. */
const webFlow = { login: 'web-flow', name: 'GitHub Web Flow', email: 'noreply@github.com' };

/** Users, organizations and bots. Logins are unique without regard to case. */
export class Accounts {
  readonly webFlow: Account;
  readonly #byLogin = new Map<string, Account>();
  readonly #byEmail = new Map<string, Account>();
  readonly #now: () => Date;
  #lastId = 4_100_000;

  constructor(now: () => Date) {
    this.#now = now;
    this.webFlow = this.create({ ...webFlow, type: 'User' });
  }

  create(account: {
    readonly login: string;
    readonly type: AccountType;
    readonly name?: string | undefined;
    readonly email?: string | undefined;
  }): Account {
    const { login, type } = account;
    if (this.#byLogin.has(login.toLowerCase())) {
      throw new CodedError('LoginTaken', `The login ${login} is taken: choose another one`);
    }
    const id = (this.#lastId += 1);
    const created: Account = {
      id,
      nodeId: nodeId(type === 'Organization' ? 'O' : type === 'Bot' ? 'BOT' : 'U', id),
      login,
      type,
      name: account.name,
      email: account.email ?? `${id}+${login}@users.noreply.github.com`,
      createdAt: this.#now(),
      admins: new Set(),
      members: new Set(),
      singleSignOn: false,
    };
    this.#byLogin.set(login.toLowerCase(), created);
    this.#byEmail.set(created.email.toLowerCase(), created);
    this.#byEmail.set(`${id}+${login}@users.noreply.github.com`.toLowerCase(), created);
    return created;
  }

  byLogin(login: string): Account | undefined {
    return this.#byLogin.get(login.toLowerCase());
  }

  /** Whom the forge takes a commit's e-mail address for. */
  byEmail(email: string): Account | undefined {
    return this.#byEmail.get(email.toLowerCase());
  }

  /** The account of that login, or an error that says how to make it. */
  require(login: string): Account {
    const account = this.byLogin(login);
    if (!account) {
      throw new CodedError(
        'NoAccount',
        `There is no account ${login}: create it with createUser or createOrganization`,
      );
    }
    return account;
  }
}
