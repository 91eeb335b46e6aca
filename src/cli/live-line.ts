// One line that tells how it goes: rewritten in place on a terminal; in a pipe or a file, a plain line
// every few seconds. Other lines go above it.

export interface LineOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const eraseLine = '\r\u001b[K';
/** A terminal is not written to more often than anyone can read; a file far less. */
const milliseconds = { terminal: 100, plain: 5000 };

export class LiveLine {
  readonly #output: LineOutput;
  readonly #now: () => number;
  readonly #interval: number;
  #shownAt: number;
  #isShown = false;

  constructor(output: LineOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#interval = output.isTTY ? milliseconds.terminal : milliseconds.plain;
    this.#shownAt = output.isTTY ? -Infinity : now();
  }

  /** Shows the line `text` makes, unless the last one has only just been shown. */
  update(text: () => string): void {
    const now = this.#now();
    if (now - this.#shownAt < this.#interval) return;
    this.#shownAt = now;
    if (this.#output.isTTY) {
      this.#output.write(`${eraseLine}${text().slice(0, (this.#output.columns || 80) - 1)}`);
      this.#isShown = true;
    } else {
      this.#output.write(`${text()}\n`);
    }
  }

  /** Writes whole lines; the live line goes on below them. */
  print(...lines: readonly string[]): void {
    this.clear();
    this.#output.write(lines.map((line) => `${line}\n`).join(''));
  }

  clear(): void {
    if (this.#isShown) this.#output.write(eraseLine);
    this.#isShown = false;
    if (this.#output.isTTY) this.#shownAt = -Infinity;
  }
}

/** `█████░░░░░` */
export function bar(share: number, width: number): string {
  const full = Math.round(width * Math.min(1, Math.max(0, share)));
  return '█'.repeat(full) + '░'.repeat(width - full);
}
