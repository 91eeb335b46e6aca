// How long a study will still take: a run takes as long as it did in an earlier repeat, or as others of its
// kind did, or as the mean of all.

import type { TrialRequest } from '../study/trials.ts';
import { identityOf } from '../study/trials.ts';

/** Before anything is known. */
const usualSeconds = 20;

export class StudyClock {
  readonly #left: Map<string, TrialRequest>;
  readonly #seconds = new Map<string, number[]>();

  constructor(requests: readonly TrialRequest[], isDone: (request: TrialRequest) => boolean) {
    const left = requests.filter((request) => !isDone(request));
    this.#left = new Map(left.map((request) => [identityOf(request), request]));
  }

  /** It will not be made. */
  skips(request: TrialRequest): void {
    this.#left.delete(identityOf(request));
  }

  took(request: TrialRequest, seconds: number): void {
    this.#left.delete(identityOf(request));
    for (const kind of kindsOf(request))
      this.#seconds.set(kind, [...(this.#seconds.get(kind) ?? []), seconds]);
  }

  /** `running` has taken so many seconds so far. */
  secondsLeft(running: TrialRequest, soFar: number): number {
    let seconds = 0;
    for (const request of this.#left.values()) {
      const expected = this.#expect(request);
      seconds += request === running ? Math.max(1, expected - soFar) : expected;
    }
    return seconds;
  }

  #expect(request: TrialRequest): number {
    for (const kind of kindsOf(request)) {
      const known = this.#seconds.get(kind);
      if (known) return known.reduce((sum, each) => sum + each, 0) / known.length;
    }
    return usualSeconds;
  }
}

/** From the narrowest to the widest. */
const kindsOf = ({ condition }: TrialRequest): readonly string[] => {
  const { architecture, consistency } = condition.variant;
  return [
    identityOf({ condition, repeat: 0 }),
    `${condition.workload} ${architecture} ${consistency}`,
    architecture,
    '',
  ];
};
