import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account } from './accounts.ts';
import { diffTrees, fileDiff, patchOf } from './git/tree-diff.ts';
import { compareHistories } from './git/history.ts';
import { isGithubError } from './github-error.ts';
import { mergePullRequest } from './merging.ts';
import { closePullRequest, computeMergeability, reopenPullRequest } from './pull-requests.ts';
import { fullNameOf } from './repositories.ts';
import type { World } from './world.ts';
import type { PullRequest, Repository } from './repository.ts';

/** A form beside those of the forge, such as "put a version into dev". */
export interface ExtraForm {
  readonly path: string;
  readonly label: string;
  readonly field: { readonly name: string; readonly example: string };
  /** Rejects with what to tell the person. */
  readonly submit: (value: string) => Promise<void>;
}

export interface PagesParts {
  readonly world: World;
  /** Who presses the buttons. */
  readonly person: () => Account;
  readonly forms: () => readonly ExtraForm[];
}

const maxFormBytes = 10_000;

/** Plain pages: repositories, pull requests, and what a person does with them. */
export async function servePage(
  parts: PagesParts,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { world } = parts;
  try {
    if (request.method === 'POST') return await act(parts, url, request, response);
    const [, owner = '', name = '', , number = ''] = url.pathname.split('/');
    if (url.pathname === '/') return show(response, 200, 'Sandbox forge', home(parts));
    const found = world.repositories.find(owner, name);
    if (!found) return show(response, 404, 'Not found', '<p>There is no such page.</p>');
    const { repository } = found;
    if (number === '') return show(response, 200, fullNameOf(repository), repositoryPage(world, repository));
    const pullRequest = repository.pullRequests.get(Number(number));
    if (!pullRequest) return show(response, 404, 'Not found', '<p>There is no such pull request.</p>');
    await computeMergeability(world, pullRequest);
    return show(response, 200, pullRequest.title, await pullRequestPage(world, pullRequest));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    show(
      response,
      isGithubError(error) ? error.status : 500,
      'That did not work',
      `<p>${escape(words)}</p><p><a href="${escape(url.pathname)}">Back</a></p>`,
    );
  }
}

async function act(
  { world, person, forms }: PagesParts,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A page of another site may not press our buttons, nor one whose name was made to lead here.
  if (request.headers.origin !== world.urls.web) {
    return show(response, 403, 'Refused', '<p>This form belongs to another site.</p>');
  }
  const form = new URLSearchParams(await readForm(request));
  const extra = forms().find(({ path }) => path === url.pathname);
  if (extra) {
    await extra.submit(form.get(extra.field.name) ?? '');
    return back(response, '/');
  }
  const [, owner = '', name = '', , number = '', action = ''] = url.pathname.split('/');
  const pullRequest = world.repositories.find(owner, name)?.repository.pullRequests.get(Number(number));
  if (!pullRequest) return show(response, 404, 'Not found', '<p>There is no such pull request.</p>');
  if (action === 'merge') await mergePullRequest(world, pullRequest, { by: person(), method: 'merge' });
  else if (action === 'close') closePullRequest(world, pullRequest);
  else if (action === 'reopen') await reopenPullRequest(world, pullRequest);
  else return show(response, 404, 'Not found', '<p>There is no such button.</p>');
  back(response, pathOf(pullRequest));
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > maxFormBytes) break;
  }
  return text;
}

function back(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end();
}

function pathOf({ repository, number }: PullRequest): string {
  return `/${fullNameOf(repository)}/pull/${number}`;
}

function home({ world, forms }: PagesParts): string {
  const rows = world.repositories.all().map((each) => {
    const open = [...each.pullRequests.values()].filter(({ state }) => state === 'open').length;
    return `<li><a href="/${escape(fullNameOf(each))}">${escape(fullNameOf(each))}</a> <small>${open} open</small></li>`;
  });
  const extra = forms().map(
    ({ path, label, field }) =>
      `<form method="post" action="${escape(path)}"><label>${escape(label)} <input name="${escape(field.name)}" placeholder="${escape(field.example)}" required maxlength="128"></label> <button>Go</button></form>`,
  );
  return `<h1>Repositories</h1><ul>${rows.join('')}</ul>${extra.join('')}`;
}

function repositoryPage(world: World, repository: Repository): string {
  const rows = [...repository.pullRequests.values()].toReversed().map((each) => {
    return `<li>${badge(each)} <a href="${escape(pathOf(each))}">${escape(each.title)}</a> <small>#${each.number} by ${escape(each.author.login)}</small></li>`;
  });
  const clone = `git clone ${world.urls.web}/${fullNameOf(repository)}.git`;
  return `<p><a href="/">Repositories</a></p><h1>${escape(fullNameOf(repository))}</h1><p><code>${escape(clone)}</code></p><h2>Pull requests</h2><ul>${rows.join('') || '<li>none</li>'}</ul>`;
}

function badge({ state }: PullRequest): string {
  return `<span class="${state}">${state}</span>`;
}

async function pullRequestPage(world: World, pullRequest: PullRequest): Promise<string> {
  const { repository, headBranch, baseBranch, author, number, body, comments } = pullRequest;
  const { diff, verified } = await describeChange(world, pullRequest);
  const button = (action: string, label: string): string =>
    `<form method="post" action="${escape(pathOf(pullRequest))}/${action}"><button>${label}</button></form>`;
  const buttons =
    pullRequest.state === 'open'
      ? button('merge', 'Merge') + button('close', 'Close')
      : pullRequest.state === 'closed'
        ? button('reopen', 'Reopen')
        : '';
  const said = comments.map(
    (each) => `<blockquote><b>${escape(each.author.login)}</b><pre>${escape(each.body)}</pre></blockquote>`,
  );
  return [
    `<p><a href="/${escape(fullNameOf(repository))}">${escape(fullNameOf(repository))}</a></p>`,
    `<h1>${escape(pullRequest.title)} <small>#${number}</small></h1>`,
    `<p>${badge(pullRequest)} <b>${escape(author.login)}</b> wants to merge <code>${escape(headBranch)}</code> into <code>${escape(baseBranch)}</code> ${verified ? '<span class="verified">Verified</span>' : '<span>not verified</span>'}</p>`,
    `<div class="buttons">${buttons}</div>`,
    `<pre class="body">${escape(body ?? '')}</pre>`,
    said.join(''),
    `<pre class="diff">${diff.split('\n').map(diffLine).join('\n')}</pre>`,
  ].join('\n');
}

function diffLine(line: string): string {
  const kind = line.startsWith('+') ? 'plus' : line.startsWith('-') ? 'minus' : 'same';
  return `<span class="${kind}">${escape(line)}</span>`;
}

/** What a pull request changes, as a unified diff against where it branched off; and whether its head is signed. */
export async function describeChange(
  world: World,
  pullRequest: PullRequest,
): Promise<{ readonly diff: string; readonly verified: boolean }> {
  const { store } = pullRequest.repository.git;
  const head = await store.commit(pullRequest.headOid);
  if (!head) return { diff: '', verified: false };
  const { mergeBase } = await compareHistories(store, pullRequest.baseOid, pullRequest.headOid);
  const base = mergeBase === undefined ? undefined : await store.commit(mergeBase);
  const changes = await diffTrees(store, base?.tree, head.tree);
  const parts = await Promise.all(
    changes.slice(0, 100).map(async (each) => fileDiff(each, await patchOf(store, each))),
  );
  return { diff: parts.join(''), verified: world.signer.verify(head).verified };
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328; }
  pre { background: #f6f8fa; padding: .8rem; overflow-x: auto; border-radius: 6px; }
  .diff span { display: block; } .plus { background: #dafbe1; } .minus { background: #ffebe9; }
  .open, .verified { color: #1a7f37; } .merged { color: #8250df; } .closed { color: #cf222e; }
  .buttons form { display: inline-block; margin-right: .5rem; } button { padding: .3rem 1rem; }
  small { color: #59636e; font-weight: normal; }`;

function show(response: ServerResponse, status: number, title: string, content: string): void {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style><body>${content}</body></html>`;
  response.setHeader('content-length', Buffer.byteLength(page)); // not below, so that the log can read it
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    })
    .end(page);
}
