// The master's samples on their way into the ring: read a microbatch ahead of need, so that disk and
// decoding run beside the engine; targets wait here until the microbatch comes back to the loss.

import { RingError } from '../errors.ts';
import type { Microbatch } from '../node.ts';
import type { Dataset, Samples } from '../ports.ts';

export interface SampleSources {
  readonly train?: Dataset;
  /** The samples at these places of the batch of `step`; needed with `train`. */
  readonly order?: (step: number) => ArrayLike<number>;
  /** What evaluation passes go through, in order. */
  readonly evaluate?: Dataset;
}

export class SampleReader {
  readonly #sources: SampleSources;
  readonly #reading = new Map<string, Promise<Samples>>();
  #batch: { step: number; indices: ArrayLike<number> } | undefined;

  constructor(sources: SampleSources) {
    this.#sources = sources;
  }

  /** Whether what is evaluated has targets, and so a loss. */
  get hasTargets(): boolean {
    return this.#sources.evaluate?.target !== undefined;
  }

  /** The inputs of a microbatch, [rows, ...inputShape]. */
  async inputs(of: Microbatch): Promise<Float32Array> {
    const { inputs } = await this.#read(of);
    const next = of.position + of.rows;
    if (of.microbatch + 1 < of.of)
      this.#ahead({
        ...of,
        microbatch: of.microbatch + 1,
        position: next,
        rows: this.#rowsFrom(of, next),
      });
    return inputs;
  }

  /** The targets of a microbatch, [rows, ...target]; called once for each, last. */
  async targets(of: Microbatch): Promise<Float32Array | Int32Array> {
    const { targets } = await this.#read(of);
    this.#reading.delete(key(of));
    if (!targets) throw new RingError('DATA', 'the samples have no targets: a loss needs them');
    return targets;
  }

  /** A sample of a microbatch, for errors: its place in its dataset, from 0. */
  nameOf({ mode, step, position }: Microbatch, row: number): string {
    return mode === 'train'
      ? `training sample ${this.#indices(step)[position + row]}`
      : `test sample ${position + row}`;
  }

  /** Forgets a microbatch whose targets nobody will ask for. */
  forget(of: Microbatch): void {
    this.#reading.delete(key(of));
  }

  /** Forgets all that was read: what was asked for is given up. */
  forgetAll(): void {
    this.#reading.clear();
  }

  #rowsFrom(of: Microbatch, position: number): number {
    const left =
      of.mode === 'train' ? this.#indices(of.step).length : this.#sources.evaluate!.count;
    return Math.min(of.rows, left - position);
  }

  #ahead(of: Microbatch): void {
    // A fault is told to whoever asks for the microbatch itself.
    this.#read(of).catch(() => undefined);
  }

  #read(of: Microbatch): Promise<Samples> {
    const known = this.#reading.get(key(of));
    if (known) return known;
    const read = this.#start(of);
    this.#reading.set(key(of), read);
    return read;
  }

  #start({ mode, step, position, rows }: Microbatch): Promise<Samples> {
    const places = Array.from({ length: rows }, (_, row) => position + row);
    if (mode === 'evaluate') return this.#sources.evaluate!.read(places);
    const indices = this.#indices(step);
    return this.#sources.train!.read(places.map((place) => indices[place]!));
  }

  #indices(step: number): ArrayLike<number> {
    if (this.#batch?.step !== step) this.#batch = { step, indices: this.#sources.order!(step) };
    return this.#batch.indices;
  }
}

const key = (of: Microbatch): string => `${of.pass}/${of.microbatch}`;
