// Decides what a run had to come to, from the script, from what is on the simulated disks and from who
// was there: never from how the ring decides. It watches a run, and judges it when it is over.

import { masterId } from '../../src/node.ts';
import type { Effect, Event, NodeId, Report } from '../../src/node.ts';
import type { Disk } from '../../src/simulator/disk.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import type { Simulation } from '../../src/simulator/simulation.ts';
import { areEqual } from './bits.ts';
import type { Reference } from './reference.ts';
import type { Scenario } from './scenario.ts';

export type Outcome = 'survived' | 'refused' | 'stopped' | 'waiting' | 'failed';

export interface Verdict {
  readonly outcome: Outcome;
  /** Why it is a failure. */
  readonly failure?: string;
}

/** By device, the layers of each step that it is known to keep. */
type Kept = ReadonlyMap<NodeId, ReadonlyMap<number, ReadonlySet<number>>>;

/** When the ring was last formed anew: what could have been gone back to then. */
interface Decision {
  readonly kept: Kept;
  readonly saved: number;
  readonly told: number;
}

/** How long anybody may be out of reach without being given up. */
const patience = 9;

/** How many times slower a link may be. */
const slowest = 100;

/** The steps between a snapshot and the moment when it counts. */
const stepsToReplicate = 4;

export class Oracle {
  readonly reports: Report[] = [];
  readonly injected: Fault[] = [];
  /** What the run's record on the master's disk says. */
  told = 0;
  evaluated = -1;
  /** How many workers the master that runs now waits for, and whether it has had them. */
  wanted: number;
  hasFormed = false;
  readonly #scenario: Scenario;
  readonly #reference: Reference;
  readonly #layers: readonly number[];
  readonly #disks: ReadonlyMap<NodeId, Disk>;
  /** Names that masters gave, and whose they are. */
  #names = new Map<NodeId, NodeId>([[masterId, masterId]]);
  /** Copies that the master has heard of: device/step/layer. */
  #heardOf = new Set<string>();
  #decision: Decision;
  #losses = 0;
  #failure: string | undefined;

  constructor(
    scenario: Scenario,
    reference: Reference,
    layers: readonly number[],
    disks: ReadonlyMap<NodeId, Disk>,
  ) {
    this.#scenario = scenario;
    this.#reference = reference;
    this.#layers = layers;
    this.#disks = disks;
    this.wanted = scenario.nodes - 1;
    this.#decision = { kept: new Map(), saved: 0, told: 0 };
  }

  #fail(failure: string): void {
    this.#failure ??= failure;
  }

  injectedAt(fault: Fault): void {
    this.injected.push(fault);
  }

  /** Another master has begun. */
  masterBegins(wanted: number): void {
    this.wanted = wanted;
    this.hasFormed = false;
    this.#names = new Map([[masterId, masterId]]);
    this.#heardOf = new Set();
    for (const [step, layers] of this.#disks.get(masterId)!.snapshots)
      for (const layer of layers.keys()) this.#heardOf.add(`${masterId}/${step}/${layer}`);
    this.#decide();
  }

  toldOf(device: NodeId, event: Event, effects: readonly Effect[]): void {
    if (device === masterId) this.#masterHears(event);
    for (const effect of effects) if (effect.type === 'keep') this.#check(device, effect);
    if (device !== masterId) return;
    // A master that is alone assigns nothing: it prepares again when a copy of its own turns out missing.
    const isAbsent = event.type === 'recalled' && !event.payload;
    const isDecision = effects.some(
      (effect) =>
        (effect.type === 'send' && effect.message.type === 'assign') ||
        (effect.type === 'report' && effect.report.kind === 'lost') ||
        (isAbsent && effect.type === 'compute' && effect.work.kind === 'prepare'),
    );
    if (isDecision) this.#decide();
    for (const effect of effects) if (effect.type === 'report') this.#report(effect.report);
  }

  #masterHears(event: Event): void {
    if (event.type === 'kept') this.#heardOf.add(`${masterId}/${event.step}/${event.layer}`);
    if (event.type !== 'message') return;
    const { from, message } = event;
    if (message.type === 'join') {
      this.#names.set(from, message.name);
      for (const { step, layers } of message.holds ?? [])
        for (const layer of layers) this.#heardOf.add(`${message.name}/${step}/${layer}`);
    } else if (message.type === 'holds')
      this.#heardOf.add(`${this.#names.get(from)}/${message.step}/${message.layer}`);
  }

  /** Whatever is kept must be what everyone would have computed. */
  #check(device: NodeId, { step, layer, payload }: Extract<Effect, { type: 'keep' }>): void {
    if (!areEqual(payload, this.#reference.layers.get(step)?.get(layer)))
      this.#fail(`${device} keeps a wrong copy of layer ${layer} after ${step} steps`);
  }

  /** Notes what is on the disks, as far as the master could know it. */
  #decide(): void {
    const kept = new Map<NodeId, Map<number, Set<number>>>();
    for (const [device, disk] of this.#disks) {
      const steps = new Map<number, Set<number>>();
      for (const [step, layers] of disk.snapshots)
        steps.set(
          step,
          new Set(
            [...layers.keys()].filter((layer) => this.#heardOf.has(`${device}/${step}/${layer}`)),
          ),
        );
      kept.set(device, steps);
    }
    const saved = this.#disks.get(masterId)!.checkpoint?.step ?? 0;
    this.#decision = { kept, saved, told: this.told };
  }

  #report(report: Report): void {
    this.reports.push(report);
    switch (report.kind) {
      case 'step': {
        const loss = this.#reference.losses[report.step - 1];
        if (report.step !== this.told + 1)
          this.#fail(`step ${report.step} was reported after step ${this.told}`);
        if (!Object.is(report.loss, loss))
          this.#fail(`the loss of step ${report.step} is ${report.loss}, not ${loss}`);
        this.told = report.step;
        return;
      }
      case 'evaluated': {
        const expected = this.#reference.evaluated.find(({ step }) => step === report.step);
        if (JSON.stringify(report) !== JSON.stringify(expected))
          this.#fail(`the test after step ${report.step} came to something else`);
        if (report.step <= this.evaluated) this.#fail(`step ${report.step} was tested twice`);
        this.evaluated = report.step;
        return;
      }
      case 'formed':
        this.hasFormed = true;
        return;
      case 'lost':
        this.#losses += 1;
        if (!this.#mayLose()) this.#fail(`${report.node} was given up for nothing`);
        return;
      case 'reformed':
        this.hasFormed = true;
        return this.#reformed(report);
      default:
        return;
    }
  }

  /** Whether anybody was out of reach for longer than a link waits. */
  #mayLose(): boolean {
    let outage = 0;
    let slowness = 1;
    for (const fault of this.injected) {
      if (fault.kind === 'crash') return true;
      if (fault.kind === 'pause' || fault.kind === 'linkDown' || fault.kind === 'partition')
        outage += fault.seconds;
      if (fault.kind === 'delay') outage += fault.longer;
      if (fault.kind === 'slowLink') slowness *= fault.times;
    }
    // Some bytes a second are too few even for a sign of life.
    return outage >= patience || slowness > slowest;
  }

  #reformed({ nodes, step, replay, cause }: Extract<Report, { kind: 'reformed' }>): void {
    const { kept, saved, told } = this.#decision;
    const devices = nodes.map(({ node }) => this.#names.get(node) ?? node);
    const isWhole = (at: number): boolean =>
      this.#layers.every((layer) => devices.some((id) => kept.get(id)?.get(at)?.has(layer)));
    let newest = saved;
    for (let at = told; at > newest; at -= 1) if (isWhole(at)) newest = at;
    if (step < newest) this.#fail(`went back to step ${step}, though there was all of ${newest}`);
    if (replay !== this.told - step)
      this.#fail(`says ${replay} steps to replay from ${step} to ${this.told}`);
    if (cause !== 'lost' && this.#losses === 0 && replay > 0)
      this.#fail(`replays ${replay} steps though nobody was lost`);
    const isFirst = this.#losses === 1 && this.injected.length === 1;
    const { replicateEvery } = this.#scenario;
    if (isFirst && this.wanted > 0 && replay > replicateEvery + stepsToReplicate)
      this.#fail(`replays ${replay} steps with a snapshot every ${replicateEvery}`);
  }

  /** `running`: the devices whose node has not ended. */
  judge(simulation: Simulation, running: ReadonlySet<NodeId>): Verdict {
    const end = simulation.ends.get(masterId);
    const outcome = this.#outcome(simulation, running);
    if (outcome !== 'waiting') this.#checkDisks(end?.error === undefined);
    return this.#failure === undefined
      ? { outcome }
      : { outcome: 'failed', failure: this.#failure };
  }

  #outcome({ ends, cameToRest }: Simulation, running: ReadonlySet<NodeId>): Outcome {
    const end = ends.get(masterId);
    if (!end) {
      const workers = [...running].filter((id) => id !== masterId).length;
      if (running.has(masterId) && !this.hasFormed && workers < this.wanted) return 'waiting';
      this.#fail(cameToRest ? 'nothing happens any more' : 'it does not come to an end');
      return 'failed';
    }
    if (!end.error) {
      if (this.told !== this.#reference.losses.length) this.#fail(`ended after step ${this.told}`);
      if (this.evaluated !== (this.#reference.evaluated.at(-1)?.step ?? -1))
        this.#fail('not everything was tested');
      return 'survived';
    }
    const { code, reason } = end.error;
    if ((code === 'NODE_LOST' || code === 'MEMORY') && this.#mayNotFit()) return 'refused';
    if (code === 'INTERRUPTED' && this.injected.some(({ kind }) => kind === 'event'))
      return 'stopped';
    this.#fail(`ended with ${code}: ${reason}`);
    return 'failed';
  }

  /** Whether so many devices may have been gone that those who were left could not hold the model. */
  #mayNotFit(): boolean {
    const gone = new Set<NodeId>();
    for (const fault of this.injected) {
      if (fault.kind === 'crash') gone.add(fault.device);
      if (fault.kind === 'pause') gone.add(fault.device);
      if (fault.kind === 'linkDown') fault.between.forEach((id) => gone.add(id));
      if (fault.kind === 'partition') fault.devices.forEach((id) => gone.add(id));
    }
    // Who does not hear the master is lost to it, whoever is at fault.
    const { nodes, fewest } = this.#scenario;
    return gone.has(masterId) || nodes - gone.size < fewest;
  }

  /** No copy that can be read is wrong, and the checkpoint is one. */
  #checkDisks(isDone: boolean): void {
    for (const [device, disk] of this.#disks)
      for (const [step, layers] of disk.snapshots)
        for (const [layer, payload] of layers)
          if (!areEqual(payload, this.#reference.layers.get(step)?.get(layer)))
            this.#fail(`${device} has a wrong copy of layer ${layer} after ${step} steps`);
    const { checkpoint } = this.#disks.get(masterId)!;
    if (isDone && checkpoint?.step !== this.#reference.losses.length)
      this.#fail(`the last checkpoint is of step ${checkpoint?.step}`);
    if (!checkpoint) return;
    for (const layer of this.#layers) {
      const expected = this.#reference.layers.get(checkpoint.step)?.get(layer);
      if (checkpoint.step > 0 && !areEqual(checkpoint.layers.get(layer), expected))
        this.#fail(`layer ${layer} of the checkpoint of step ${checkpoint.step} is wrong`);
    }
  }
}
