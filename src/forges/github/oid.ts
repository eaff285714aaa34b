import { z } from 'zod';

/** A full git object id. */
export const oid = z.string().regex(/^[0-9a-f]{40}$/);

/** What GitHub takes for "no object": before a branch is made, after it is deleted. */
export const noOid = '0'.repeat(40);
