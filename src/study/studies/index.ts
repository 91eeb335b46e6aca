// The studies, in the order in which `study all` makes and reports them.

import type { Study } from '../study.ts';
import { capacity } from './capacity.ts';
import { communication } from './communication.ts';
import { energy } from './energy.ts';
import { idle } from './idle.ts';
import { progress } from './progress.ts';
import { resilience } from './resilience.ts';
import { scaling } from './scaling.ts';

export const studies: readonly Study[] = [
  idle,
  progress,
  scaling,
  resilience,
  capacity,
  energy,
  communication,
];
