// The master of the ring: it lets workers in and gives them layers, opens each pass with the samples
// and closes it with the loss, and declares each step done (commit) or the run over. Who computes
// what and when is not its business: every node decides that by the local rule (schedule.ts).

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { masterId, worksAhead } from '../node.ts';
import type {
  Effect,
  Event,
  Message,
  Microbatch,
  Node,
  NodeId,
  Purpose,
  Work,
  WorkResult,
} from '../node.ts';
import type { Pass } from './course.ts';
import { checkLoss, gradientFactor, onWire } from './finish.ts';
import { Formation } from './formation.ts';
import type { Capabilities, Cutter } from './formation.ts';
import { nextWork } from './schedule.ts';
import { StageRun } from './stage-run.ts';
import { Transfer } from './transfer.ts';

export interface MasterOptions {
  /** The resolved training, as it is sent to workers. */
  readonly training: unknown;
  readonly purpose: Purpose;
  /** Layers that have parameters: they are what a checkpoint holds. */
  readonly layersWithParameters: readonly number[];
  /** Rows of a full microbatch. */
  readonly rows: number;
  readonly course: Iterator<Pass>;
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly cut: Cutter;
  /** Learning rate, and the scalars of the optimizer's update, at `step` (from 0). */
  readonly schedule: (step: number, gradientFactor: number) => StepScalars;
  readonly clipNorm?: number;
  /** Begin from the parameters on the store, which are those after so many steps, instead of the seed's. */
  readonly loadedStep?: number;
}

export interface StepScalars {
  readonly learningRate: number;
  readonly scalars: readonly number[];
}

/** What is known of the pass that is under way. */
interface PassState {
  readonly pass: Exclude<Pass, { kind: 'save' }>;
  readonly losses: number[];
  correct: number | undefined;
  /** Squared norms: of the closing stage, of the opening stage, of everyone after the opening stage. */
  closing: readonly (number | null)[] | undefined;
  opening: readonly (number | null)[] | undefined;
  downstream: readonly (number | null)[] | undefined;
  readonly asked: Set<string>;
  /** Microbatches that have been through the loss. */
  closed: number;
}

type EndError = { readonly code: ErrorCode; readonly reason: string };

export class Master implements Node {
  readonly #options: MasterOptions;
  readonly #formation: Formation;
  readonly #generation = 1;
  #effects: Effect[] = [];
  /** The closing stage first, as the local rule wants it. */
  #runs: StageRun[] = [];
  /** Works that the engine has been given and has not done. */
  #computing = 0;
  #over = false;
  readonly #urgent: Work[] = [];
  #number = 0;
  #state: PassState | undefined;
  #transfer: Transfer | undefined;
  #stepsDone: number;
  #savedStep: number | undefined;
  #begun = false;
  #saveDue = false;
  /** Why the run is to end at the next boundary. */
  #ending: EndError | undefined;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#formation = new Formation(options.capabilities, options.workers);
    this.#stepsDone = options.loadedStep ?? 0;
    this.#savedStep = options.loadedStep;
  }

  receive(event: Event): readonly Effect[] {
    this.#effects = [];
    if (this.#over) return this.#effects;
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#stopWith({ code: error.code, reason: error.message });
      if (!this.#over) this.#advance();
    }
    return this.#effects;
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'start':
        if (this.#formation.isFull) this.#form();
        break;
      case 'message':
        this.#message(event.from, event.generation, event.message);
        break;
      case 'computed':
        this.#computing -= 1;
        this.#computed(event.work, event.result);
        break;
      case 'sent':
        this.#sent(event.message);
        break;
      case 'unlinked':
        this.#unlinked(event.node, event.reason);
        break;
      case 'failed':
        this.#end({ code: event.code, reason: event.reason });
        break;
      case 'fetched':
        this.#do(this.#transfer?.arrived(event.layer, event.payload));
        break;
      case 'stored':
        this.#settled();
        break;
      case 'stop':
        this.#stopWith({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
        break;
      case 'save':
        this.#saveDue = true;
        break;
      case 'linked':
        break;
    }
  }

  // ------------------------------------------------------------------------------- who is in

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join') return this.#join(from, message);
    if (generation !== this.#generation || !this.#formation.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        this.#formation.ready(from, message.bytes);
        return this.#formed();
      case 'parameters':
        return this.#do(this.#transfer?.arrived(message.layer, message.payload));
      case 'loaded':
        return this.#settled();
      case 'failed':
        return this.#end({ code: message.code, reason: `${this.#name(from)}: ${message.message}` });
      default:
        // What is still on its way of a pass that was given up is nobody's.
        return this.#state && this.#passMessage(from, message, this.#state);
    }
  }

  #passMessage(from: NodeId, message: Message, state: PassState): void {
    const [closing, opening] = this.#runs;
    switch (message.type) {
      case 'activation': {
        const { type: _, payload, ...of } = message;
        if (from !== this.#last || !closing?.takeActivation(of, payload))
          throw unexpected(from, message);
        return undefined;
      }
      case 'gradient': {
        const { pass, microbatch, payload } = message;
        if (from !== this.#first || !opening?.takeGradient(pass, microbatch, payload))
          throw unexpected(from, message);
        return undefined;
      }
      case 'credit':
        return opening?.takeCredit(message.pass, message.upTo);
      case 'finished':
        if (from !== this.#first || message.pass !== this.#number) throw unexpected(from, message);
        state.downstream = message.squaredNorms;
        return undefined;
      default:
        throw unexpected(from, message);
    }
  }

  #join(from: NodeId, message: Extract<Message, { type: 'join' }>): void {
    if (this.#formation.isFull) {
      const reason = 'the ring already has all its nodes: ask for more of them and start again';
      return this.#send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    this.#formation.join(from, message);
    const [joined, wanted] = [this.#formation.workers.length, this.#options.workers];
    this.#report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    if (this.#formation.isFull) this.#form();
  }

  #form(): void {
    const { training, purpose, cut } = this.#options;
    this.#formation.cut(cut);
    for (const { node, message } of this.#formation.assignments(training, purpose))
      this.#send(node, message);
    const stages = this.#formation.stagesOf(masterId);
    this.#urgent.push({ kind: 'prepare', training, purpose, stages });
  }

  /** Everyone is ready: off we go. */
  #formed(): void {
    if (!this.#formation.isReady || this.#begun) return;
    this.#begun = true;
    this.#report({ kind: 'formed', nodes: this.#formation.report() });
    if (this.#options.loadedStep !== undefined) this.#move('load', this.#options.loadedStep);
    else this.#next();
  }

  #unlinked(node: NodeId, reason: string): void {
    if (!this.#formation.has(node)) return;
    if (this.#formation.isCut)
      this.#end({ code: 'NODE_LOST', reason: `${this.#name(node)} is gone: ${reason}` });
    else this.#formation.leave(node);
  }

  get #first(): NodeId | undefined {
    return this.#formation.workers[0]?.node;
  }

  get #last(): NodeId | undefined {
    return this.#formation.workers.at(-1)?.node;
  }

  #name(node: NodeId): string {
    const name = this.#formation.members.find((member) => member.node === node)?.name;
    return name === undefined || name === node ? node : `${node} (${name})`;
  }

  // ------------------------------------------------------------------------------ the course

  /** Begins the next pass; or ends the run, with everything saved. */
  #next(): void {
    this.#state = undefined;
    if (this.#ending) {
      if (this.#savedStep === this.#stepsDone) this.#end(this.#ending);
      else this.#move('save', this.#stepsDone);
      return;
    }
    if (this.#saveDue) {
      this.#saveDue = false;
      if (this.#savedStep !== this.#stepsDone) return this.#move('save', this.#stepsDone);
    }
    const next = this.#options.course.next();
    if (next.done) return this.#end();
    const pass = next.value;
    if (pass.kind === 'save') return this.#move('save', pass.step);
    this.#number += 1;
    this.#state = {
      pass,
      losses: [],
      correct: undefined,
      closing: undefined,
      opening: undefined,
      downstream: undefined,
      asked: new Set(),
      closed: 0,
    };
    const of = Math.ceil(pass.rows / this.#options.rows);
    for (const run of this.#runs) run.begin(this.#number, pass.kind, of);
  }

  #describe(microbatch: number): Microbatch {
    const { pass } = this.#state!;
    const { rows: full } = this.#options;
    const position = microbatch * full;
    return {
      pass: this.#number,
      step: pass.step,
      mode: pass.kind,
      microbatch,
      of: Math.ceil(pass.rows / full),
      rows: Math.min(full, pass.rows - position),
      position,
    };
  }

  #move(direction: 'save' | 'load', step: number): void {
    const layers = this.#options.layersWithParameters;
    const holderOf = (layer: number): NodeId => this.#formation.holderOf(layer);
    this.#transfer = new Transfer(direction, step, layers, holderOf, this.#generation);
    this.#do(this.#transfer.next());
    if (this.#transfer.done) this.#moved();
  }

  #settled(): void {
    this.#do(this.#transfer?.settled());
    if (this.#transfer?.done) this.#moved();
  }

  #moved(): void {
    const { direction, step } = this.#transfer!;
    this.#transfer = undefined;
    if (direction === 'save') {
      this.#savedStep = step;
      this.#report({ kind: 'saved', step });
    }
    this.#next();
  }

  // ----------------------------------------------------------------------- what was computed

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepare':
        return this.#prepared(result.prepared!);
      case 'update':
        return undefined;
      case 'read':
        return this.#do(this.#transfer?.arrived(work.layer, result.payload!));
      case 'write':
        return this.#settled();
      default:
        return this.#state && this.#passComputed(work, result, this.#state);
    }
  }

  #passComputed(work: Work, result: WorkResult, state: PassState): void {
    const place = 'place' in work ? work.place : 'closing';
    const run = this.#runs.find(({ stage }) => stage.place === place)!;
    run.computed.count(work);
    if (work.kind === 'forward') run.putOut(work.of, result.payload!);
    else if (work.kind === 'loss') this.#closed(work.of, result, state);
    else if (work.kind === 'norms') this.#measured(run, onWire(result.squaredNorms!), state);
  }

  #measured(run: StageRun, squaredNorms: (number | null)[], state: PassState): void {
    if (!run.isLast) {
      state.opening = squaredNorms;
      return;
    }
    state.closing = squaredNorms;
    if (this.#last) this.#send(this.#last, { type: 'finished', pass: this.#number, squaredNorms });
  }

  #prepared({ bytes, units }: NonNullable<WorkResult['prepared']>): void {
    const stages = this.#formation.stagesOf(masterId);
    const alone = stages.length === 1;
    const next = this.#first === undefined ? 0 : this.#formation.stagesOf(this.#first)[0]!.window;
    this.#runs = stages
      .map((stage) => {
        const downstream = stage.place === 'opening' ? next : 0;
        return new StageRun(stage, units[stage.place] ?? [], alone, downstream);
      })
      .toReversed();
    this.#formation.ready(masterId, bytes);
    this.#formed();
  }

  /** A microbatch has reached the loss. */
  #closed(of: Microbatch, { loss, correct, payload }: WorkResult, state: PassState): void {
    state.closed += 1;
    if (loss !== undefined) state.losses.push(loss);
    if (correct !== undefined) state.correct = (state.correct ?? 0) + correct;
    if (of.mode === 'evaluate') {
      if (payload) this.#report({ kind: 'output', position: of.position, payload });
      this.#report({ kind: 'evaluating', done: of.position + of.rows, samples: state.pass.rows });
      return;
    }
    checkLoss(of.step, loss!);
    if (!this.#last || !payload) return;
    const { pass, microbatch } = of;
    this.#send(this.#last, { type: 'gradient', pass, microbatch, payload });
  }

  /** Every worker has been told to update; the master's own is the next thing that its engine does. */
  #stepped({ pass, losses }: PassState, learningRate: number): void {
    this.#stepsDone = pass.step + 1;
    const { epoch, rows: samples } = pass;
    this.#report({
      kind: 'step',
      step: this.#stepsDone,
      epoch,
      loss: sum(losses),
      learningRate,
      samples,
    });
    this.#next();
  }

  #evaluated(): void {
    const { pass, losses, correct } = this.#state!;
    const { step, epoch, rows: samples } = pass;
    const loss = losses.length > 0 ? { loss: sum(losses) } : {};
    const accuracy = correct === undefined ? {} : { accuracy: correct / samples };
    this.#report({ kind: 'evaluated', step, epoch, samples, ...loss, ...accuracy });
    this.#next();
  }

  #sent(message: Message): void {
    if (!('pass' in message) || message.pass !== this.#number) return;
    const [closing, opening] = this.#runs;
    if (message.type === 'activation' && opening) opening.activationsLeft += 1;
    else if (message.type === 'gradient' && closing) closing.gradientsLeft += 1;
  }

  // --------------------------------------------------------------------------- what comes next

  /** Everything that follows from what is known by now. */
  #advance(): void {
    const state = this.#state;
    if (state) {
      this.#exchange();
      if (state.pass.kind === 'train') this.#commit(state);
      else if (state.closed === this.#runs[0]!.of) this.#evaluated();
    }
    while (this.#computing < worksAhead && !this.#over) {
      const work = this.#urgent.shift() ?? this.#passWork();
      if (!work) return;
      this.#computing += 1;
      this.#effects.push({ type: 'compute', work });
    }
  }

  #passWork(): Work | undefined {
    const state = this.#state;
    if (!state) return undefined;
    const source = { batch: state.pass.rows, describe: (k: number) => this.#describe(k) };
    return nextWork(this.#runs, source) ?? this.#normsDue(state);
  }

  #normsDue(state: PassState): Work | undefined {
    if (state.pass.kind !== 'train') return undefined;
    for (const run of this.#runs) {
      const { place } = run.stage;
      if (!run.complete || state.asked.has(place)) continue;
      state.asked.add(place);
      return { kind: 'norms', place };
    }
    return undefined;
  }

  /** Sends what may be sent to the neighbours. */
  #exchange(): void {
    const [closing, opening] = this.#runs;
    for (const { of, payload } of opening?.release() ?? [])
      this.#send(this.#first!, { type: 'activation', ...of, payload });
    const upTo = closing!.grant();
    if (upTo !== undefined && this.#last)
      this.#send(this.#last, { type: 'credit', pass: this.#number, upTo });
  }

  /** Declares the step done as soon as every stage has every gradient. */
  #commit(state: PassState): void {
    const { pass, closing, opening, downstream } = state;
    if (!closing) return;
    const norms =
      this.#first === undefined ? closing : opening && downstream && [...opening, ...downstream];
    if (!norms) return;
    const factor = gradientFactor(pass.step, norms, this.#options.clipNorm);
    const { learningRate, scalars: given } = this.#options.schedule(pass.step, factor);
    const scalars = [...given];
    if (this.#first)
      this.#send(this.#first, { type: 'commit', pass: this.#number, step: pass.step, scalars });
    this.#urgent.push({ kind: 'update', scalars });
    this.#stepped(state, learningRate);
  }

  /** Ends the run with what is committed; a step that is under way is dropped. */
  #stopWith(error: EndError): void {
    if (this.#ending || !this.#begun) return this.#end(error);
    this.#ending = error;
    if (!this.#transfer) this.#next();
    return undefined;
  }

  // ------------------------------------------------------------------------------- small things

  /** Carries out a step of a transfer: computing goes through the queue like all else. */
  #do(effect: Effect | undefined): void {
    if (effect?.type === 'compute') this.#urgent.push(effect.work);
    else if (effect) this.#effects.push(effect);
  }

  #send(to: NodeId, message: Message): void {
    this.#effects.push({ type: 'send', to, generation: this.#generation, message });
  }

  #report(report: Extract<Effect, { type: 'report' }>['report']): void {
    this.#effects.push({ type: 'report', report });
  }

  #end(error?: EndError): void {
    this.#over = true;
    for (const { node } of this.#formation.workers)
      this.#send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#effects.push(error ? { type: 'end', error } : { type: 'end' });
  }
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const unexpected = (from: NodeId, message: Message): RingError =>
  new RingError(
    'PROTOCOL',
    `${from} sent '${message.type}' when it was not due: all nodes must run the same version of ringtmp`,
  );
