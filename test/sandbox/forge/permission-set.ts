export type Level = 'read' | 'write' | 'admin';

/** As Apps and fine-grained tokens have them: `{ contents: 'write' }`. */
export type Permissions = Readonly<Record<string, Level>>;
