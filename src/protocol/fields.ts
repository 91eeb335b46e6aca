// What fields of messages are made of: every number and text is bounded.

import { z } from 'zod';

export const maximumNodes = 4096;
export const maximumLayers = 65_536;

export const count = z.int().min(0);
export const small = z.int().min(0).max(0xffffffff);
export const positive = z.int().min(1);
export const text = z.string().max(256);
export const node = z.string().min(1).max(256);
export const layer = z.int().min(0).max(maximumLayers);
export const mode = z.enum(['train', 'evaluate']);

export const nothing = z.strictObject({});
