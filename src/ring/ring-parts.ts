// What a ring is made of and comes from, and what can end it: the words between master.ts, which forms
// one after the other, and ring.ts.

import { Boundary } from '../machine/boundary.ts';
import type { EndError, Told } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { Report } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Admission } from './admission.ts';
import type { AdmissionOptions } from './admission.ts';
import { Holdings } from './holdings.ts';
import type { Base } from './loading.ts';
import type { PassOptions } from './master-pass.ts';
import { Snapshots } from './snapshots.ts';

export interface MasterOptions extends AdmissionOptions, PassOptions {
  readonly course: Course;
  /** Begin from the parameters on the store, which are those after so many steps, instead of the seed's. */
  readonly loadedStep?: number;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
  /** What this device keeps of the run. */
  readonly holds?: MessageOf<'join'>['holds'];
}

/** Why a ring forms anew. */
export type Cause = Extract<Report, { kind: 'reformed' }>['cause'];

/** What outlasts a ring. */
export interface RingParts {
  readonly options: MasterOptions;
  readonly admission: Admission;
  readonly holdings: Holdings;
  readonly snapshots: Snapshots;
  readonly boundary: Boundary;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

export function partsOf(options: MasterOptions): RingParts {
  const outbox = new Outbox();
  outbox.generation = 1;
  const works = new WorkQueue(outbox);
  const holdings = new Holdings(options.layersWithParameters);
  holdings.addAll(masterId, options.holds);
  const snapshots = new Snapshots(options, holdings, outbox);
  const admission = new Admission(options, holdings, outbox, works);
  const boundary = new Boundary(options.course, options.loadedStep, options.told);
  return { options, admission, holdings, snapshots, boundary, outbox, works };
}

/** How a ring came to be. */
export interface Origin {
  readonly base: Base;
  /** Undefined the first time. */
  readonly cause: Cause | undefined;
  /** The number of the last pass of the rings before. */
  readonly passes: number;
}

/** What ends a ring. */
export type Outcome =
  | { readonly kind: 'end'; readonly error?: EndError | undefined }
  | { readonly kind: 'reform'; readonly cause: Cause };
