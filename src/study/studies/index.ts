// The studies, in the order in which `study all` makes and reports them.

import type { Study } from '../study.ts';
import { idle } from './idle.ts';
import { resilience } from './resilience.ts';

export const studies: readonly Study[] = [idle, resilience];
