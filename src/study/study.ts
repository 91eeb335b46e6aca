// What a study is: a question, a hypothesis with the threshold that decides it, the runs to make, and what
// they say. Plain data and pure functions: who makes the runs, and on what, is the command line's business,
// and the same study is made in a lab, on plain processes, or on devices that joined.

import type { ErrorCode } from '../errors.ts';
import type { StudyDevice } from './devices.ts';
import type { Copies, Fault } from './faults.ts';
import type { Exhibit } from './report/exhibit.ts';
import type { Architecture, Machine, Run } from './results.ts';

/** In the order in which `study all` makes and reports them. */
export const studyNames = [
  'idle',
  'progress',
  'scaling',
  'resilience',
  'capacity',
  'energy',
  'communication',
] as const;

export type StudyName = (typeof studyNames)[number];

/** `tiny`: does it work at all, on two devices; `short`: minutes; `full`: hours. */
export const studySizes = ['tiny', 'short', 'full'] as const;
export type StudySize = (typeof studySizes)[number];

export interface Study {
  readonly name: StudyName;
  readonly title: string;
  readonly question: string;
  /** Stated before any run, with the threshold that decides it. */
  readonly hypothesis: string;
  /** What is run and what is measured, in a few sentences. */
  readonly method: (setting: StudySetting) => string;
  /** Without repeats. Those that two studies have in common are run once. */
  readonly conditions: (setting: StudySetting) => readonly Condition[];
  /**
   * Given where the study is a search: whether the trials made so far answer this condition already. Each of its
   * conditions is then run once at most, in their order.
   */
  readonly isMoot?: (condition: Condition, trials: readonly Trial[]) => boolean;
  /** May be asked while trials are missing: with none, all is undecided. */
  readonly judge: (results: StudyResults, progress?: Progress) => Findings | Promise<Findings>;
}

/** Told now and then by what takes long, which goes on when others had their turn. */
export type Progress = (what: string) => Promise<void>;

export const untold: Progress = () => Promise.resolve();

export interface StudySetting {
  readonly size: StudySize;
  /** As many as there are at most, in the order in which they come in; a study may want fewer, or other links. */
  readonly devices: readonly StudyDevice[];
  /** Devices that joined: their links are what they are. */
  readonly isReal?: true;
  /** The data part of the training files; paths are whole. The built-in digits unless it is given. */
  readonly data?: TrainingFile;
}

/** A training file as one may write it, not yet validated. */
export type TrainingFile = Readonly<Record<string, unknown>>;

/** How the nodes train together. */
export interface Variant {
  readonly architecture: Architecture;
  /** With a parameter server: `bsp`, `async`, `ssp:2`. */
  readonly consistency?: string;
}

export const variants = {
  ring: { architecture: 'ring' },
  bsp: { architecture: 'parameter-server', consistency: 'bsp' },
  async: { architecture: 'parameter-server', consistency: 'async' },
  colocated: { architecture: 'parameter-server-colocated', consistency: 'bsp' },
  colocatedAsync: { architecture: 'parameter-server-colocated', consistency: 'async' },
  allReduce: { architecture: 'all-reduce' },
  single: { architecture: 'single' },
} as const satisfies Readonly<Record<string, Variant>>;

/**
 * A run to make. Everything that can matter to its outcome stands in it: two alike are one. The seed does not:
 * it is the number of the repeat, so that repeats are independent and pairs are not.
 */
export interface Condition {
  /** For a person: `dense`. */
  readonly workload: string;
  readonly training: TrainingFile;
  readonly variant: Variant;
  /** One for each node, the master's first, servers included. */
  readonly devices: readonly StudyDevice[];
  readonly targetAccuracy?: number;
  /** Nodes that are taken away while it runs. Not with devices that joined. */
  readonly faults?: readonly Fault[];
  /** Without, a ring does not outlive the loss of a node, nor a parameter server that of its server. */
  readonly copies?: Copies;
  /** Nothing of it is a matter of time: its devices need not be held to their speed. */
  readonly untimed?: true;
  /** No more than so many, however often the others are repeated. No part of what it is. */
  readonly repeats?: number;
}

/** A condition that was run, once. */
export interface Trial {
  readonly condition: Condition;
  /** From 1 on. Trials of one repeat that differ in their variant alone are a pair. */
  readonly repeat: number;
  readonly place: TrialPlace;
  readonly outcome: Outcome;
}

/** What the nodes stood on. */
export interface TrialPlace {
  /** `processes`: plain ones of one machine, with links slowed down, but not processors. */
  readonly kind: 'lab' | 'processes' | 'devices';
  /** For a person: which devices, of which speed. */
  readonly description: string;
  /** 1 is the speed of the real devices; at 0.5 processors and links have half of it. */
  readonly scale: number;
}

/** A training that could not be carried out is a result, too. */
export type Outcome = Finished | Failed;

export interface Finished {
  readonly kind: 'finished';
  readonly run: Run;
}

export interface Failed {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly reason: string;
}

export interface StudyResults {
  readonly setting: StudySetting;
  /** Those of the study's own conditions. */
  readonly trials: readonly Trial[];
}

export type Verdict = 'held' | 'not held' | 'undecided';

export interface Findings {
  readonly verdict: Verdict;
  /** In a few words: what was found, with its interval. */
  readonly effect: string;
  /** The verdict in words, and what else is worth saying, also where it speaks against the ring. */
  readonly sentences: readonly string[];
  /** In the order in which they are shown. */
  readonly exhibits: readonly Exhibit[];
  /** Threats to validity of this study alone. */
  readonly threats?: readonly string[];
}

/** All that a report is made of. */
export interface StudyReport {
  readonly size: StudySize;
  readonly setting: StudySetting;
  readonly machine: Machine;
  /** When it was made, as an ISO 8601 string: trials may be older. */
  readonly reported: string;
  readonly repeats: number;
  readonly trials: readonly Trial[];
  /** How many trials are yet to be made; 0 when all are. */
  readonly missing: number;
  readonly chapters: readonly Chapter[];
}

export interface Chapter {
  readonly study: Study;
  readonly findings: Findings;
}
