// Tensors of which a new version replaces the one before, while that may still be read: what is on its
// way to a slow worker stays as it was, and nothing is copied. Memory grows with those who read at once.

import type { Engine, Tensor } from '../ports.ts';
import type { TensorType } from '../graph/graph.ts';
import type { Payload } from '../node.ts';
import { tensorPayload } from '../protocol/messages.ts';

interface NamedType {
  readonly name: string;
  readonly type: TensorType;
}

export interface Version {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readers: number;
}

export class Versions {
  readonly #engine: Engine;
  readonly #types: readonly NamedType[];
  /** That nobody reads. */
  readonly #spare: Version[] = [];
  #current: Version;
  #isFreed = false;

  /** The first version is without values; a second is at hand. */
  constructor(engine: Engine, types: readonly NamedType[]) {
    this.#engine = engine;
    this.#types = types;
    this.#current = this.#allocate();
    this.#spare.push(this.#allocate());
  }

  get current(): ReadonlyMap<string, Tensor> {
    return this.#current.tensors;
  }

  /** Places for another version: it becomes the current one, or is given back. */
  take(): Version {
    return this.#spare.pop() ?? this.#allocate();
  }

  replace(version: Version): void {
    const last = this.#current;
    this.#current = version;
    if (last.readers === 0) this.#spare.push(last);
  }

  giveBack(version: Version): void {
    this.#spare.push(version);
  }

  /** The current version, in place where the engine's memory can be seen; it stands until it is released. */
  async payload(): Promise<Payload> {
    const version = this.#current;
    version.readers += 1;
    const tensors = await Promise.all(
      this.#types.map(async ({ name, type }) => {
        const tensor = version.tensors.get(name)!;
        return {
          name,
          type,
          bytes: this.#engine.view(tensor) ?? (await this.#engine.read(tensor)),
        };
      }),
    );
    const release = (): void => {
      version.readers -= 1;
      if (version.readers > 0) return;
      if (this.#isFreed) this.#free(version);
      else if (version !== this.#current) this.#spare.push(version);
    };
    return { ...tensorPayload(tensors), release };
  }

  /** Gives all memory back; what is still being read, when it has been. */
  free(): void {
    this.#isFreed = true;
    for (const version of [...this.#spare.splice(0), this.#current])
      if (version.readers === 0) this.#free(version);
  }

  #free({ tensors }: Version): void {
    for (const tensor of tensors.values()) this.#engine.free(tensor);
  }

  #allocate(): Version {
    const tensors = this.#types.map(
      ({ name, type }) => [name, this.#engine.allocate(type)] as const,
    );
    return { tensors: new Map(tensors), readers: 0 };
  }
}
