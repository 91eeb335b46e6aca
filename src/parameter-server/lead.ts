// How the master leads a run: it gives the workers leave for steps, a few ahead, and sends the servers
// the scalars of the updates that follow from them; it puts the losses together; and where the course
// wants a look at the test set, a checkpoint or the end, it lets all catch up first.

import type { NodeId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { notDue } from '../machine/not-due.ts';
import type { Boundary, Next } from '../machine/boundary.ts';
import type { Pass } from '../machine/course.ts';
import { checkLoss, gradientFactor } from '../machine/gradients.ts';
import type { Outbox } from '../machine/outbox.ts';
import { shareOf } from '../data-parallel/share.ts';
import { Crew } from './crew.ts';
import type { Roles } from './enrolment.ts';
import type { ShardedKey } from './keys.ts';
import type { Post } from './post.ts';
import { UpdateScalars } from './scalars.ts';
import type { Schedule } from './scalars.ts';
import { StepLosses } from './step-losses.ts';
import { StepReports } from './step-reports.ts';
import { StepNorms } from './step-norms.ts';
import { newWorker, stalenessOf } from './worker-state.ts';
import type { Staleness, WorkerState } from './worker-state.ts';

export interface LeadOptions {
  readonly roles: Roles;
  readonly keys: readonly ShardedKey[];
  readonly layers: number;
  /** All workers go through a step together. */
  readonly isSynchronous: boolean;
  readonly clipNorm?: number | undefined;
  readonly schedule: Schedule;
  readonly boundary: Boundary;
  /** Where all begin: steps that are done, and updates that the parameters have had. */
  readonly step: number;
  readonly updates: number;
}

type TrainPass = Extract<Pass, { kind: 'train' }>;

/** Steps that a worker has leave for beyond the last whose loss it has told: it never waits for more. */
const stepsAhead = 2;

export class Lead {
  readonly #options: LeadOptions;
  readonly #post: Post;
  readonly #workers = new Map<NodeId, WorkerState>();
  /** Also those that are gone. */
  readonly #everyone: NodeId[];
  /** Every step that was given to anyone, as the servers know it. */
  readonly #plan: Crew;
  readonly #losses = new StepLosses();
  readonly #reports: StepReports;
  readonly #scalars: UpdateScalars;
  readonly #norms: StepNorms;
  /** Pushes that there will be of every key in the steps that were given. */
  #pushes: number;
  /** What comes after the steps that were given, when it is not another step. */
  #pending: Exclude<Next, TrainPass> | undefined;

  constructor(options: LeadOptions, post: Post, outbox: Outbox) {
    this.#options = options;
    this.#post = post;
    const { step, updates, schedule, isSynchronous, roles } = options;
    const { workers } = roles;
    this.#plan = new Crew(step);
    this.#pushes = updates;
    const losses = this.#losses;
    this.#reports = new StepReports(step, { boundary: options.boundary, schedule, losses, outbox });
    this.#everyone = [...workers];
    this.#norms = new StepNorms(options.keys, options.layers);
    this.#scalars = new UpdateScalars(schedule, isSynchronous ? 1 : workers.length, updates, step);
    for (const node of workers) {
      this.#workers.set(node, newWorker(step));
      // The parameters are in place: everyone makes ready for the first step.
      post.send(node, { type: 'crew', from: step, upTo: step, workers: [...workers] });
    }
  }

  get workers(): readonly NodeId[] {
    return [...this.#workers.keys()];
  }

  /** The first step that a new sharing out would be for. */
  get nextStep(): number {
    if (this.#options.isSynchronous) return this.#plan.upTo;
    return Math.min(...[...this.#workers.values()].map(({ granted }) => granted));
  }

  // ----------------------------------------------------------------------------- giving steps

  /** Gives leave for the steps that may be begun by now. */
  grant(): void {
    for (const [node, worker] of this.#workers) {
      while (this.#plan.upTo < worker.done + stepsAhead && this.#extend());
      const upTo = Math.min(this.#plan.upTo, worker.done + stepsAhead);
      for (; worker.granted < upTo; worker.granted += 1) this.#give(node, worker);
    }
    if (this.#options.clipNorm === undefined) this.#sendScalars();
  }

  /** One more step of the course; false where it wants something else. */
  #extend(): boolean {
    if (this.#pending) return false;
    const { boundary, roles } = this.#options;
    const next = boundary.next();
    if (next.kind !== 'train') {
      this.#pending = next;
      return false;
    }
    const { step } = next;
    boundary.given(step);
    this.#reports.given(next);
    this.#plan.add(step, step + 1, this.workers);
    for (const server of roles.servers)
      if (!this.#workers.has(server)) this.#sendCrew(server, step, this.workers);
    return true;
  }

  #give(node: NodeId, worker: WorkerState): void {
    const step = worker.granted;
    const workers = this.#options.isSynchronous ? this.#plan.of(step)! : this.workers;
    worker.crew.add(step, step + 1, workers);
    this.#pushes += 1;
    this.#sendCrew(node, step, workers);
  }

  #sendCrew(to: NodeId, step: number, workers: readonly NodeId[]): void {
    this.#post.send(to, { type: 'crew', from: step, upTo: step + 1, workers: [...workers] });
  }

  #sendScalars(): void {
    const updates = this.#options.isSynchronous ? this.#plan.upTo : this.#pushes;
    const next = this.#scalars.next(updates);
    if (next) this.#toServers(next);
  }

  #toServers(scalars: { readonly update: number; readonly scalars: number[][] }): void {
    for (const server of this.#options.roles.servers)
      this.#post.send(server, { type: 'scalars', ...scalars });
  }

  // -------------------------------------------------------------------------- what is reported

  /** Errors: NOT_FINITE, PROTOCOL. */
  partOfLoss(from: NodeId, message: MessageOf<'partOfLoss'>): void {
    const { step, loss } = message;
    const worker = this.#workers.get(from);
    if (!worker) return;
    const crew = worker.crew.of(step);
    const batchRows = this.#reports.rowsOf(step);
    if (!crew || batchRows === undefined || step !== worker.done) throw notDue(from, message);
    checkLoss(step, loss ?? Number.NaN);
    const { rows } = shareOf(batchRows, crew.indexOf(from), crew.length);
    this.#losses.add(step, from, { loss: loss!, rows });
    worker.done = step + 1;
  }

  settled(from: NodeId, message: MessageOf<'settled'>): void {
    const { step, pushes, staleness, stalest } = message;
    const worker = this.#workers.get(from);
    if (!worker) return;
    worker.settled = step;
    worker.staleness = { pushes, staleness, stalest };
  }

  /** Clipping: when all keys of a step are measured, they may be updated. Errors: NOT_FINITE. */
  measured(message: MessageOf<'measured'>): void {
    const { clipNorm, schedule } = this.#options;
    const { step } = message;
    const norms = this.#norms.add(message);
    if (!norms) return;
    const { scalars } = schedule(step, gradientFactor(step, norms, clipNorm), step);
    this.#toServers({ update: step, scalars: [[...scalars]] });
  }

  /** Tells of the steps that everyone has done. */
  report(): void {
    const done = Math.min(...[...this.#workers.values()].map((worker) => worker.done));
    this.#reports.tell(done, this.#everyone);
  }

  /** What the course wants now that everyone has caught up; once. */
  takePending(): Exclude<Next, TrainPass> | undefined {
    const upTo = this.#plan.upTo;
    const isSettled = [...this.#workers.values()].every(({ settled }) => settled === upTo);
    if (!this.#pending || !isSettled || this.#reports.done < upTo) return undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  get staleness(): Staleness {
    return stalenessOf([...this.#workers.values()]);
  }

  /** A worker has come and has its samples: it shares the steps that nobody was given yet. */
  add(node: NodeId): void {
    const step = this.#plan.upTo;
    this.#everyone.push(node);
    this.#workers.set(node, { ...newWorker(step), settled: step });
    if (!this.#options.isSynchronous) this.#scalars.setWorkers(this.#workers.size);
  }

  /** A worker is gone: nobody waits for it, and from the next step on the others share its part. */
  drop(node: NodeId): void {
    this.#workers.delete(node);
    for (const server of this.#options.roles.servers)
      if (server !== node) this.#post.send(server, { type: 'dropped', node });
    if (!this.#options.isSynchronous) this.#scalars.setWorkers(this.#workers.size);
  }
}
