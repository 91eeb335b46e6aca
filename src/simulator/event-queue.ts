// What is going to happen, by virtual time: a binary heap. Events of the same time keep the order in
// which they were added, so that the same simulation twice is the same.

export interface Occurrence<What> {
  readonly seconds: number;
  readonly what: What;
}

export class EventQueue<What> {
  readonly #heap: (Occurrence<What> & { readonly order: number })[] = [];
  #added = 0;

  add(seconds: number, what: What): void {
    const heap = this.#heap;
    let place = heap.push({ seconds, what, order: this.#added++ }) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  take(): Occurrence<What> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    heap[0] = last;
    for (let place = 0; ;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < heap.length && this.#before(child, least)) least = child;
      if (least === place) return top;
      this.#swap(place, least);
      place = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    return x.seconds < y.seconds || (x.seconds === y.seconds && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }
}
