// A trained model in use: its run opened, its parameters brought into a ring layer by layer, samples
// sent round it once, forward only. What `evaluate` and `predict` have in common.

import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { openRun } from '../checkpoint/run.ts';
import type { Run } from '../checkpoint/run.ts';
import { openData, openSamples, parsePreprocessing } from '../data/index.ts';
import type { SampleDescription } from '../data/index.ts';
import { RingError } from '../errors.ts';
import { parseResolved } from '../model/training.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Report } from '../node.ts';
import type { Dataset, EngineDescription } from '../ports.ts';
import { evaluationCourse } from '../ring/course.ts';
import { onInterrupt } from './interrupt.ts';
import { reachableInvitations } from './invitations.ts';
import type { LiveLine } from './live-line.ts';
import { formatCount, formatNumberOf } from './format.ts';
import { startMaster } from './master-session.ts';
import { engineOf, workersOf } from './ring-flags.ts';
import type { EngineFlags, RingFlags } from './ring-flags.ts';
import { ringTable } from './ring-table.ts';
import { openRunStore } from './run-store.ts';
