// Slices of what is resident in an engine's memory, read where they are, overwritten, and added to.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { elementCount } from '../graph/graph.ts';
import type { TensorType } from '../graph/graph.ts';
import type { Payload, Slice } from '../node.ts';
import type { Call, Engine, Program, Tensor } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import type { Running } from './stage-engine.ts';
import type { StageMemory } from './stage-memory.ts';

export class SliceMemory {
  readonly #engine: Engine;
  readonly #memory: StageMemory;
  /** Programs that add so many elements. */
  readonly #additions = new Map<number, Promise<Program>>();
  /** What arrived stands here until it is added; those that nothing uses. */
  readonly #free: Tensor[] = [];

  constructor(engine: Engine, memory: StageMemory) {
    this.#engine = engine;
    this.#memory = memory;
  }

  /** The slices' bytes: in place where the engine's memory can be seen. Errors: PROTOCOL; likewise below. */
  async read(slices: readonly Slice[]): Promise<Payload> {
    const tensors = slices.map(async (slice) => {
      const tensor = this.#tensor(slice);
      const bytes = this.#engine.view(tensor) ?? (await this.#engine.read(tensor));
      return { name: slice.name, type: tensor.type, bytes };
    });
    return tensorPayload(await Promise.all(tensors));
  }

  /**
   * Written at once: nothing is computed with a sum of gradients when it comes, nor with a block's
   * parameters between its last work of a step and its first of the next.
   */
  async write(slices: readonly Slice[], payload: Payload): Promise<void> {
    const given = bytesFor(slices, payload);
    for (const [index, slice] of slices.entries()) {
      const tensor = this.#tensor(slice);
      const view = this.#engine.view(tensor);
      if (view) view.set(given[index]!);
      else await this.#engine.write(tensor, given[index]!);
    }
    payload.release?.();
  }

  /** Adds the payload to what is there. */
  async add(slices: readonly Slice[], payload: Payload): Promise<Running> {
    const given = bytesFor(slices, payload);
    const used: Tensor[] = [];
    const calls: Call[] = [];
    for (const [index, slice] of slices.entries()) {
      const sum = this.#tensor(slice);
      const place = this.#take(slice.count);
      used.push(place);
      const addend = { offset: place.offset, type: sum.type };
      const view = this.#engine.view(addend);
      if (view) view.set(given[index]!);
      else await this.#engine.write(addend, given[index]!);
      const program = await this.#addition(slice.count);
      calls.push({ program, inputs: [sum, addend], outputs: [sum] });
    }
    payload.release?.();
    const finished = this.#engine.run(calls).then(() => this.#free.push(...used));
    return { finished };
  }

  #tensor({ name, first, count }: Slice): Tensor {
    const whole = this.#memory.has(name) ? this.#memory.resident(name) : undefined;
    const length = whole ? elementCount(whole.type.shape) : 0;
    if (!whole || first < 0 || first + count > length)
      throw new RingError('PROTOCOL', `there are no ${count} elements of ${name} from ${first} on`);
    return { offset: whole.offset + 4 * first, type: flat(count) };
  }

  /** A tensor of at least so many elements that nothing uses. */
  #take(count: number): Tensor {
    const place = this.#free.findIndex(({ type }) => type.shape[0]! >= count);
    const [found] = place < 0 ? [] : this.#free.splice(place, 1);
    return found ?? this.#engine.allocate(flat(count));
  }

  #addition(count: number): Promise<Program> {
    const known = this.#additions.get(count);
    if (known) return known;
    const builder = new GraphBuilder();
    const [a, b] = [builder.input('a', flat(count)), builder.input('b', flat(count))];
    const program = this.#engine.compile(builder.finish([builder.apply('Add', [a, b])]));
    this.#additions.set(count, program);
    return program;
  }
}

/** The bytes for each slice. Errors: PROTOCOL when they are not as many as the slices take. */
function bytesFor(slices: readonly Slice[], payload: Payload): Uint8Array[] {
  const { tensors } = payload as TensorPayload;
  return slices.map(({ name, count }, index) => {
    const bytes = tensors[index]?.bytes;
    if (bytes?.length !== 4 * count)
      throw new RingError(
        'PROTOCOL',
        `${name} came with ${bytes?.length ?? 0} bytes, ${4 * count} are expected`,
      );
    return bytes;
  });
}

const flat = (count: number): TensorType => ({ type: 'float32', shape: [count] });
