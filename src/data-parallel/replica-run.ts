// A worker's way through its share of a batch, block by block: the same in every architecture that
// gives each worker the whole model. A microbatch goes forward and back before the next begins, so that
// memory holds one; the gradients of a block's parameters follow as soon as their group is complete, and
// with the last microbatch they go before the block below goes back, since others wait for them (layer-
// wise overlap as in Poseidon, Zhang et al. 2017).

import type { Block, Microbatch, Mode, Slice, Work, WorkResult } from '../node.ts';
import type { Share } from './share.ts';

/** What a worker does of one batch. */
export interface ReplicaPass {
  readonly pass: number;
  readonly step: number;
  readonly mode: Mode;
  readonly share: Share;
  /** Rows of the whole batch: the loss is their mean. */
  readonly batchRows: number;
}

/** What may hold a block up, besides the engine. */
export interface Gates {
  /** Its parameters are those of the step. */
  mayForward(block: number): boolean;
  /** The bytes of its last gradient have left. */
  mayWeigh(block: number): boolean;
}

/** The slices of a block's gradient that leave together, as soon as it is complete. */
export type Outgoing = (block: number) => readonly (readonly Slice[])[];

/** Every work of a pass, in order. */
export function replicaWorks(
  blocks: readonly Block[],
  fullRows: number,
  { pass, step, mode, share, batchRows }: ReplicaPass,
): Work[] {
  const of = Math.ceil(share.rows / fullRows);
  const last = blocks.length - 1;
  const works: Work[] = [];
  for (let microbatch = 0; microbatch < of; microbatch += 1) {
    const done = microbatch * fullRows;
    const rows = Math.min(fullRows, share.rows - done);
    const position = share.position + done;
    const each: Microbatch = { pass, step, mode, microbatch, of, rows, position };
    for (let block = 0; block < last; block += 1)
      works.push({ kind: 'forwardBlock', block, of: each });
    works.push({ kind: 'lossBlock', block: last, of: each, batch: batchRows });
    if (mode === 'evaluate') continue;
    for (let block = last; block >= 0; block -= 1) {
      if (block < last) works.push({ kind: 'backwardBlock', block, of: each });
      const { group } = blocks[block]!;
      const inGroup = (microbatch % group) + 1;
      if (inGroup < group && microbatch < of - 1) continue;
      const first = microbatch + 1 - inGroup;
      const count = inGroup;
      works.push({
        kind: 'weightsBlock',
        block,
        first,
        count,
        rows: (count - 1) * fullRows + rows,
      });
    }
  }
  // Whoever has no rows still gives a gradient: nothing.
  if (of === 0 && mode === 'train')
    for (let block = last; block >= 0; block -= 1)
      works.push({ kind: 'weightsBlock', block, first: 0, count: 0, rows: 0 });
  return works;
}

export class ReplicaRun {
  readonly #blocks: readonly Block[];
  readonly #fullRows: number;
  readonly #gates: Gates;
  readonly #outgoing: Outgoing | undefined;
  #pass: ReplicaPass | undefined;
  #works: readonly Work[] = [];
  #given = 0;
  #computed = 0;
  /** This worker's part of the loss, and in evaluation how many rows it got right. */
  loss = 0;
  correct: number | undefined;

  /** `fullRows`: of a full microbatch. */
  constructor(blocks: readonly Block[], fullRows: number, gates: Gates, outgoing?: Outgoing) {
    this.#blocks = blocks;
    this.#fullRows = fullRows;
    this.#gates = gates;
    this.#outgoing = outgoing;
  }

  /** The pass that is under way, or was last. */
  get pass(): ReplicaPass | undefined {
    return this.#pass;
  }

  /** Everything of the pass is computed. */
  get isDone(): boolean {
    return this.#computed === this.#works.length;
  }

  begin(pass: ReplicaPass): void {
    this.#pass = pass;
    this.#works = replicaWorks(this.#blocks, this.#fullRows, pass);
    this.#given = 0;
    this.#computed = 0;
    this.loss = 0;
    this.correct = undefined;
  }

  /** What the engine is to do next; undefined when there is nothing, or a gate is closed. */
  next(): Work | undefined {
    const work = this.#works[this.#given];
    if (!work || this.#isHeldUp(work)) return undefined;
    this.#given += 1;
    if (work.kind !== 'weightsBlock' || !this.#outgoing || !this.#completes(work)) return work;
    return { ...work, outgoing: this.#outgoing(work.block) };
  }

  #isHeldUp(work: Work): boolean {
    switch (work.kind) {
      case 'forwardBlock':
      case 'lossBlock':
        return !this.#gates.mayForward(work.block);
      case 'weightsBlock':
        return !this.#gates.mayWeigh(work.block);
      default:
        return false;
    }
  }

  /** The engine has done a work of the pass; gives the block whose gradient is complete with it. */
  computed(work: Work, result: WorkResult): number | undefined {
    this.#computed += 1;
    if (work.kind === 'lossBlock') {
      this.loss += result.loss ?? 0;
      if (result.correct !== undefined) this.correct = (this.correct ?? 0) + result.correct;
    }
    return work.kind === 'weightsBlock' && this.#completes(work) ? work.block : undefined;
  }

  /** Whether a block's gradient is of the whole share with this work. */
  #completes({ first, count }: Extract<Work, { kind: 'weightsBlock' }>): boolean {
    return first + count === Math.ceil(this.#pass!.share.rows / this.#fullRows);
  }
}
