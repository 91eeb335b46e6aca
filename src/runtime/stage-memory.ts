// Where a stage's tensors stand in the engine's memory. Parameters, gradients and optimizer state have
// one place each. What microbatch k leaves for later has a place that follows from k: slot k mod window,
// or, where weight gradients are computed for g microbatches at once, row block k mod g of a group
// buffer, so that a group lies contiguous when it is complete and nothing is ever copied together.

import { rowsOf } from '../ports.ts';
import type { Engine, Tensor } from '../ports.ts';
import type { TensorType } from '../graph/graph.ts';

/** Tensors by slot: `blocks` buffers of `group` microbatches each. */
interface Slots {
  readonly buffers: readonly Tensor[];
  readonly group: number;
  /** Extent of axis 0 for one full microbatch. */
  readonly rows: number;
}

export class StageMemory {
  readonly #engine: Engine;
  readonly #window: number;
  readonly #rows: number;
  readonly #resident = new Map<string, Tensor>();
  readonly #slots = new Map<string, Slots>();
  /** Values without rows, one for each of some microbatches. */
  readonly #turns = new Map<string, readonly Tensor[]>();
  readonly #allocated: Tensor[] = [];
  #bytes = 0;

  /** `rows`: of a full microbatch. */
  constructor(engine: Engine, window: number, rows: number) {
    this.#engine = engine;
    this.#window = window;
    this.#rows = rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  addResident(name: string, type: TensorType): Tensor {
    const known = this.#resident.get(name);
    if (known) return known;
    const tensor = this.#allocate(type);
    this.#resident.set(name, tensor);
    return tensor;
  }

  resident(name: string): Tensor {
    return this.#resident.get(name)!;
  }

  /** Lets two resident tensors change places: a new value has come for an old one. */
  swap(a: string, b: string): void {
    const [x, y] = [this.resident(a), this.resident(b)];
    this.#resident.set(a, y);
    this.#resident.set(b, x);
  }

  /** Reserves places for a value of every microbatch in flight. */
  addSlots(name: string, type: TensorType, group = 1, blocks = this.#window): void {
    if (this.#slots.has(name)) return;
    const [rows = 1, ...rest] = type.shape;
    const grouped = { type: type.type, shape: [rows * group, ...rest] };
    const buffers = Array.from({ length: blocks }, () => this.#allocate(grouped));
    this.#slots.set(name, { buffers, group, rows });
  }

  /** Reserves places for a value that does not grow with rows, by microbatch. */
  addTurns(name: string, type: TensorType, count: number): void {
    if (this.#turns.has(name)) return;
    this.#turns.set(
      name,
      Array.from({ length: count }, () => this.#allocate(type)),
    );
  }

  has(name: string): boolean {
    return this.#resident.has(name) || this.#slots.has(name) || this.#turns.has(name);
  }

  hasSlots(name: string): boolean {
    return this.#slots.has(name);
  }

  /** The tensor of a value for the microbatches from `first` on that have so many rows altogether. */
  tensor(name: string, first: number, rows: number): Tensor {
    const turns = this.#turns.get(name);
    if (turns) return turns[first % turns.length]!;
    return this.#resident.get(name) ?? this.#slot(name, first, rows);
  }

  /** Axis 0 grows with rows. */
  #slot(name: string, first: number, rows: number): Tensor {
    const { buffers, group, rows: full } = this.#slots.get(name)!;
    const buffer = buffers[Math.floor(first / group) % buffers.length]!;
    return rowsOf(buffer, (first % group) * full, (rows * full) / this.#rows);
  }

  /** Gives back everything. */
  release(): void {
    for (const tensor of this.#allocated.splice(0)) this.#engine.free(tensor);
  }

  #allocate(type: TensorType): Tensor {
    const tensor = this.#engine.allocate(type);
    this.#allocated.push(tensor);
    this.#bytes += type.shape.reduce((a, b) => a * b, 4);
    return tensor;
  }
}
