import { mkdtempSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Files {
  readonly token: string;
  readonly 'ca.crt': string;
}

/** The folder of a service account as the kubelet makes it: each file a link through `..data`, which is moved in one step. */
export class AccountVolume {
  readonly folder = mkdtempSync(join(tmpdir(), 'lockkeeper-account-'));
  #version = 0;

  constructor(files: Files) {
    this.replace(files);
    for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(this.folder, name));
  }

  replace(files: Partial<Files>): void {
    const old = `..${this.#version}`;
    const next = `..${++this.#version}`;
    mkdirSync(join(this.folder, next));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, next, name), text);
    symlinkSync(next, join(this.folder, '..data_tmp'));
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
    rmSync(join(this.folder, old), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
