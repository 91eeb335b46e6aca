// Carries out a node's works on a real engine: payloads into tensors, tensors into payloads. The only
// place where the ring's words (forward, backward, weights) meet graphs and memory.

import { RingError } from '../errors.ts';
import { countCorrect } from '../model/accuracy.ts';
import { checkTargets } from '../model/targets.ts';
import { parseRingTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { Executor, Microbatch, Payload, Place, Work, WorkResult } from '../node.ts';
import type { Engine } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import type { SampleReader } from './samples.ts';
import { openStages } from './stage-engine.ts';
import type { Running, StageEngine } from './stage-engine.ts';
import { StageMemory } from './stage-memory.ts';
import { givenOf, outputOf } from './stage-payloads.ts';
import type { StagePlaces } from './stage-places.ts';
import { bytesOf } from './bytes.ts';
import { Turns } from './turns.ts';

type WorkOf<Kind extends Work['kind']> = Extract<Work, { kind: Kind }>;

export class EngineExecutor implements Executor {
  readonly #engine: Engine;
  readonly #samples: SampleReader | undefined;
  #training: RingTraining | undefined;
  readonly #stages = new Map<Place, StageEngine>();
  readonly #turns = new Turns();
  /** The end of the run that was given last; the engine does them in order. */
  #last: Promise<unknown> = Promise.resolve();

  /** `samples`: only the master has them. */
  constructor(engine: Engine, samples?: SampleReader) {
    this.#engine = engine;
    this.#samples = samples;
  }

  async run(work: Work): Promise<WorkResult> {
    switch (work.kind) {
      case 'prepare':
        return this.#turns.take(() => this.#prepare(work));
      case 'forward':
        return this.#forward(work);
      case 'loss':
        return work.of.mode === 'train' ? this.#loss(work) : this.#evaluate(work);
      case 'backward':
        return this.#backward(work);
      case 'weights':
        await this.#done(() => this.#stage(work.place).weights(work.unit, work.first, work.rows));
        return {};
      case 'norms': {
        const stage = this.#stage(work.place);
        await this.#done(() => stage.norms());
        return { squaredNorms: await stage.places.readNorms() };
      }
      case 'update':
        await this.#done(() => this.#update(work.scalars));
        return {};
      case 'read':
        return this.#turns.take(async () => ({
          payload: tensorPayload(await this.#holder(work.layer).readLayer(work.layer)),
        }));
      case 'write':
        return this.#turns.take(async () => {
          const { tensors } = work.payload as TensorPayload;
          await this.#holder(work.layer).writeLayer(work.layer, tensors);
          return {};
        });
      default:
        throw new RingError('GRAPH', `a stage does not know the work ${work.kind}`);
    }
  }

  /** Until the run is over. When it has been given to the engine, `payload` is read no more. */
  async #done(give: () => Promise<Running>, payload?: Payload): Promise<void> {
    const { finished } = await this.#turns.take(give);
    this.#last = finished;
    payload?.release?.();
    await finished;
  }

  /** All stages, or with a later `prepare` none of them. */
  async #update(scalars: readonly number[]): Promise<Running> {
    const runs: Promise<unknown>[] = [];
    for (const stage of this.#stages.values()) runs.push((await stage.update(scalars)).finished);
    return { finished: Promise.all(runs) };
  }

  async #prepare({ training, stages, purpose }: WorkOf<'prepare'>): Promise<WorkResult> {
    await this.#clear();
    this.#training = parseRingTraining(training);
    for (const stage of stages) {
      const memory = new StageMemory(this.#engine, stage.window, this.#training.resolved.rows);
      const [opened] = await openStages(this.#engine, this.#training, [stage], purpose, memory);
      this.#stages.set(stage.place, opened!);
    }
    const units = Object.fromEntries(
      [...this.#stages].map(([place, stage]) => [place, stage.units]),
    );
    return { prepared: { bytes: this.#engine.allocatedBytes, units } };
  }

  /** Gives back what an earlier ring's stages took, when what they were given last is done. */
  async #clear(): Promise<void> {
    await this.#last.catch(() => undefined);
    for (const stage of this.#stages.values()) await stage.release();
    this.#stages.clear();
    this.#samples?.forgetAll();
  }

  async #forward({ place, of, input }: WorkOf<'forward'>): Promise<WorkResult> {
    const stage = this.#stage(place);
    const mode = of.mode === 'train' ? 'train' : 'predict';
    await this.#done(
      async () => stage.forward(of, mode, await this.#input(stage, of, input)),
      input,
    );
    return { payload: await outputOf(stage.places, stage.places.outputs, '', of) };
  }

  /** Forward to the loss and back to the gradient of the stage's input. */
  async #loss({ of, batch, input }: WorkOf<'loss'>): Promise<WorkResult> {
    const stage = this.#stage('closing');
    await this.#done(async () => {
      const given = await this.#input(stage, of, input);
      const target = bytesOf(await this.#targets(of));
      return stage.forward(of, 'train', { ...given, target, scale: oneOver(batch) });
    }, input);
    const loss = await stage.places.scalar('loss', of.microbatch);
    if (input === undefined) return { loss };
    return { loss, payload: await outputOf(stage.places, stage.places.inputs, 'd/', of) };
  }

  async #evaluate({ of, batch, input }: WorkOf<'loss'>): Promise<WorkResult> {
    const stage = this.#stage('closing');
    if (!this.#samples!.hasTargets) return this.#predict(stage, of, input);
    let targets: Float32Array | Int32Array;
    await this.#done(async () => {
      const given = await this.#input(stage, of, input);
      targets = await this.#targets(of);
      return stage.forward(of, 'evaluate', {
        ...given,
        target: bytesOf(targets),
        scale: oneOver(batch),
      });
    }, input);
    const output = await stage.places.values('output', of.microbatch, of.rows);
    const correct = countCorrect(this.#training!.loss, output, targets!);
    const loss = await stage.places.scalar('loss', of.microbatch);
    return correct === undefined ? { loss } : { loss, correct };
  }

  /** Errors: DATA, also where the loss cannot take them. */
  async #targets(of: Microbatch): Promise<Float32Array | Int32Array> {
    const targets = await this.#samples!.targets(of);
    checkTargets(this.#training!, targets, (row) => this.#samples!.nameOf(of, row));
    return targets;
  }

  async #predict(stage: StageEngine, of: Microbatch, input?: Payload): Promise<WorkResult> {
    await this.#done(
      async () => stage.forward(of, 'predict', await this.#input(stage, of, input)),
      input,
    );
    this.#samples!.forget(of);
    const bytes = (await stage.places.bytesOf('output', of.microbatch, of.rows)).slice();
    const type = stage.places.typeOf('output', of.microbatch, of.rows);
    return { payload: tensorPayload([{ name: 'output', type, bytes }]) };
  }

  async #backward({ place, of, gradient }: WorkOf<'backward'>): Promise<WorkResult> {
    const stage = this.#stage(place);
    const expected = stage.places.outputs.map(({ name }) => `d/${name}`);
    await this.#done(
      async () => stage.backward(of, givenOf(stage.places, expected, of, gradient)),
      gradient,
    );
    if (place === 'opening') return {};
    return { payload: await outputOf(stage.places, stage.places.inputs, 'd/', of) };
  }

  /** What a stage begins with: what came over the link, or the samples themselves. */
  async #input(
    stage: StageEngine,
    of: Microbatch,
    input?: Payload,
  ): Promise<Record<string, Uint8Array>> {
    const names = stage.places.inputs.map(({ name }) => name);
    if (input) return givenOf(stage.places, names, of, input);
    return { [names[0]!]: bytesOf(await this.#samples!.inputs(of)) };
  }

  #stage(place: Place): StageEngine {
    return this.#stages.get(place)!;
  }

  /** Errors: PROTOCOL when another node holds the layer. */
  #holder(layer: number): StagePlaces {
    for (const each of this.#stages.values())
      if (each.stage.from <= layer && layer < each.stage.to) return each.places;
    throw new RingError('PROTOCOL', `layer ${layer} was asked for here, where it is not held`);
  }
}

const oneOver = (batch: number): Uint8Array => bytesOf(Float32Array.of(1 / batch));
