// The ring as it is formed once, from the cut until it forms anew or the run ends: everyone prepares,
// the layers come to their holders (loading.ts), and from then on passes go round (master-pass.ts) and
// the model is saved (saving.ts) as the course wants it. Whatever is under way belongs to one such ring,
// so to give it all up is to let go of this.

import { notDue } from '../machine/not-due.ts';
import { masterId } from '../node.ts';
import type { IdleCause, Message, NodeId, Work, WorkResult } from '../node.ts';
import { Loading } from './loading.ts';
import { MasterPass } from './master-pass.ts';
import type { MasterStages } from './master-stages.ts';
import { OwnCopies } from './own-copies.ts';
import type { Cause, Origin, Outcome, RingParts } from './ring-parts.ts';
import { Saving } from './saving.ts';

export class Ring {
  readonly #parts: RingParts;
  readonly #origin: Origin;
  readonly #copies: OwnCopies | undefined;
  /** Once they are prepared. */
  #stages: MasterStages | undefined;
  hasBegun = false;
  passes: number;
  /** The last pass that was committed in this ring. */
  #committed = 0;
  #loading: Loading | undefined;
  #pass: MasterPass | undefined;
  #saving: Saving | undefined;
  /** The ring forms anew after this step, once everyone has copied it. */
  #leaving: { readonly step: number; readonly cause: Cause } | undefined;
  /** Cutting the layers by the speeds that were measured pays. */
  #drags = false;
  #outcome: Outcome | undefined;

  constructor(parts: RingParts, origin: Origin) {
    this.#parts = parts;
    this.#origin = origin;
    this.passes = origin.passes;
    const { admission, options, outbox, works } = parts;
    const { run, layersWithParameters } = options;
    const own = layersWithParameters.filter(
      (layer) => admission.formation.holderOf(layer) === masterId,
    );
    this.#copies = run === undefined ? undefined : new OwnCopies(run, own, outbox, works);
  }

  /** While layers are being brought to their holders. */
  get loading(): Loading | undefined {
    return this.#loading;
  }

  /** The step that everyone is to go on from, until its layers are with their holders. */
  get awaitedStep(): number | undefined {
    return this.#loading || !this.hasBegun ? this.#origin.base.step : undefined;
  }

  /** Gives up what is under way; true when the store will still answer for it. */
  giveUp(): boolean {
    const saving = this.#saving;
    if (!saving) return false;
    // The store does one thing after the other: whoever fetches layers now finds those of this step.
    if (saving.isCompleting) this.#keepSaved(saving);
    else this.#parts.outbox.add({ type: 'discard' });
    return saving.isStoring;
  }

  ready(node: NodeId, bytes: number): void {
    this.#parts.admission.formation.ready(node, bytes);
    this.#begin();
  }

  /** Errors: PROTOCOL for what is not due. */
  take(from: NodeId, message: Message): void {
    switch (message.type) {
      case 'parameters':
        if (this.#loading?.take(from, message)) return undefined;
        if (!this.#saving?.awaitsParameters(from, message.layer)) throw notDue(from, message);
        return this.#saving.arrived(message.payload);
      case 'loaded':
        if (!this.#loading?.take(from, message)) throw notDue(from, message);
        return undefined;
      case 'replica': {
        const { run } = this.#parts.options;
        if (run === undefined || from !== this.#stages?.last) throw notDue(from, message);
        const { step, layer, payload } = message;
        return this.#parts.outbox.add({ type: 'keep', run, step, layer, payload });
      }
      default:
        // What is still on its way of a pass that was given up is nobody's.
        return this.#pass?.take(from, message);
    }
  }

  computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepare':
        this.#stages = this.#parts.admission.prepared(result.prepared!);
        return this.#begin();
      case 'update':
        return undefined;
      case 'read':
        if (!this.#copies?.read(work, result.payload!)) this.#saving?.read(work, result.payload!);
        return undefined;
      case 'write':
        return this.#loading?.written(work);
      default:
        return this.#pass?.computed(work, result);
    }
  }

  sent(message: Message): void {
    this.#stages?.sent(message);
  }

  /** A copy is in the master's keeping. */
  kept(step: number, layer: number): void {
    this.#copies?.kept(step, layer);
  }

  stored(): void {
    this.#saving?.stored();
  }

  /** A newcomer that everyone waits for has left. */
  newcomerLeft(): void {
    if (this.#leaving && !this.#reason) this.#stay();
  }

  /** Where it is the step that everyone waits for, the ring forms anew after the next one instead. */
  copyIsMissing(step: number): void {
    if (step === this.#leaving?.step && !this.#parts.holdings.isWhole(step)) this.#stay();
  }

  /** The run is ending: a step that is under way is dropped. */
  stop(): void {
    this.#pass = undefined;
    if (this.#leaving) this.#stay();
    else if (this.hasBegun && !this.#loading && !this.#saving) this.#next();
  }

  /** Everything that follows from what is known by now. Errors: NOT_FINITE. */
  advance(): Outcome | undefined {
    if (this.#loading?.done) this.#loaded();
    if (this.#saving?.done) this.#saved(this.#saving);
    if (this.#pass?.advance()) this.#passed(this.#pass);
    if (this.#leaving && this.#parts.holdings.isWhole(this.#leaving.step))
      this.#outcome = { kind: 'reform', cause: this.#leaving.cause };
    if (this.#outcome) return this.#outcome;
    const awaits = (): IdleCause => this.#pass?.awaits ?? (this.hasBegun ? 'end' : 'start');
    this.#parts.works.fill(() => this.#pass?.nextWork(), awaits);
    return undefined;
  }

  /** When everyone is ready, the layers are brought. */
  #begin(): void {
    const { admission, holdings, options, outbox, works } = this.#parts;
    const { formation } = admission;
    if (!formation.isReady || this.hasBegun) return;
    this.hasBegun = true;
    if (!this.#origin.cause) outbox.report({ kind: 'formed', nodes: formation.report() });
    const { run = '', layersWithParameters } = options;
    const routes = { formation, outbox, works };
    this.#loading = new Loading(this.#origin.base, layersWithParameters, run, holdings, routes);
  }

  #loaded(): void {
    const { admission, boundary, snapshots, outbox } = this.#parts;
    const { cause, base } = this.#origin;
    this.#loading = undefined;
    boundary.backTo(base.step);
    if (cause) {
      const { step } = base;
      snapshots.reformed(step);
      const replay = boundary.stepsTold - step;
      const nodes = admission.formation.report();
      outbox.report({ kind: 'reformed', nodes, step, replay, cause });
    }
    this.#next();
  }

  /** Why the ring should form anew at the next step that is done. */
  get #reason(): Cause | undefined {
    const { admission, boundary } = this.#parts;
    if (boundary.isEnding) return undefined;
    if (admission.formation.newcomers.length > 0) return 'joined';
    return this.#drags ? 'slow' : undefined;
  }

  /** Begins what comes next. */
  #next(): void {
    const { admission, boundary, options, outbox, works, snapshots } = this.#parts;
    const { formation } = admission;
    const next = boundary.next();
    if (next.kind === 'end') this.#outcome = next;
    else if (next.kind === 'save') {
      const { layersWithParameters } = options;
      const routes = { formation, outbox, works };
      this.#saving = new Saving(next.step, this.#committed, layersWithParameters, routes);
    } else {
      this.passes += 1;
      this.#pass = new MasterPass(next, this.passes, options, {
        stages: this.#stages!,
        outbox,
        works,
        copies: this.#copies,
        told: boundary.stepsTold,
        isSnapshot: (step) => this.#reason !== undefined || snapshots.wants(step, formation),
      });
    }
  }

  #passed({ pass, isSnapshot, seconds }: MasterPass): void {
    const { admission, boundary, snapshots } = this.#parts;
    this.#pass = undefined;
    if (pass.kind === 'evaluate') {
      boundary.evaluated(pass.step);
      this.#next();
      return;
    }
    this.#committed = this.passes;
    boundary.committed(pass.step);
    const step = pass.step + 1;
    if (isSnapshot) snapshots.begin(step);
    const cause = isSnapshot && this.#reason;
    this.#drags ||= admission.judge(seconds, step);
    if (cause) this.#leaving = { step, cause };
    else this.#next();
  }

  #stay(): void {
    this.#leaving = undefined;
    this.#next();
  }

  #saved(saving: Saving): void {
    this.#saving = undefined;
    this.#keepSaved(saving);
    this.#next();
  }

  #keepSaved({ step }: Saving): void {
    const { boundary, outbox } = this.#parts;
    boundary.saved(step);
    outbox.report({ kind: 'saved', step });
  }
}
