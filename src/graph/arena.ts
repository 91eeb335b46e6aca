// A run of memory whose blocks are taken and released while a plan is made: best fit, neighbours merge.

const alignment = 64;

interface Block {
  readonly offset: number;
  readonly bytes: number;
}

export class Arena {
  /** Free blocks in order of their offsets; no two touch. */
  #free: Block[] = [];
  readonly #taken = new Map<string, Block>();
  #bytes = 0;

  /** How many bytes the arena has had to have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a block for `owner`, aligned to a cache line; gives its offset. */
  take(owner: string, bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / alignment)) * alignment;
    const fits = this.#free.filter((block) => block.bytes >= size);
    const [first = this.#grow(size), ...others] = fits;
    const best = others.reduce((a, b) => (b.bytes < a.bytes ? b : a), first);
    this.#free = this.#free.flatMap((block) => {
      if (block.offset !== best.offset) return [block];
      return block.bytes === size
        ? []
        : [{ offset: block.offset + size, bytes: block.bytes - size }];
    });
    this.#taken.set(owner, { offset: best.offset, bytes: size });
    return best.offset;
  }

  /** The block of `from` is `to`'s from now on. */
  rename(from: string, to: string): void {
    const block = this.#taken.get(from);
    if (!block) return;
    this.#taken.delete(from);
    this.#taken.set(to, block);
  }

  release(owner: string): void {
    const block = this.#taken.get(owner);
    if (!block) return;
    this.#taken.delete(owner);
    this.#free = [...this.#free, block]
      .sort((a, b) => a.offset - b.offset)
      .reduce<Block[]>((merged, next) => {
        const last = merged.at(-1);
        if (last && last.offset + last.bytes === next.offset) {
          merged.pop();
          merged.push({ offset: last.offset, bytes: last.bytes + next.bytes });
        } else {
          merged.push(next);
        }
        return merged;
      }, []);
  }

  /** Makes the arena end with a free block of `size`. */
  #grow(size: number): Block {
    const last = this.#free.at(-1);
    const atEnd = last && last.offset + last.bytes === this.#bytes;
    const offset = atEnd ? last.offset : this.#bytes;
    this.#bytes = offset + size;
    const block = { offset, bytes: size };
    if (atEnd) this.#free.pop();
    this.#free.push(block);
    return block;
  }
}
