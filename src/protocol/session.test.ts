import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { graceTicks, ticksPerSecond } from './pulse.ts';
import { decodeSegment } from './segment.ts';
import { Session } from './session.ts';

type Urgency = 'foreground' | 'background';

const broke = new Error('the connection broke');

/** A session, what it was told to send, and what its side has received. */
class Side {
  readonly session: Session;
  /** Segments on their way, in parts: their memory is read when they arrive. */
  readonly wire: (readonly Uint8Array[])[] = [];
  readonly sent: Record<Urgency, number[]> = { foreground: [], background: [] };
  readonly received: number[] = [];
  readonly settled = new Map<number, Error | undefined>();
  dials = 0;
  doubts = 0;
  ended: { readonly error: Error | undefined } | undefined;
  mostPieces = 0;

  constructor(dials: boolean) {
    this.session = new Session(
      {
        transmit: (parts) => this.wire.push(parts),
        deliver: (frame) => this.received.push(numberOf(frame)),
        dial: () => (this.dials += 1),
        doubt: () => (this.doubts += 1),
        ended: (error) => (this.ended = { error }),
      },
      dials,
      1 << 20,
    );
  }

  /** Sends a frame that says its number all along, and spoils its memory once that may be used again. */
  send(
    number: number,
    bytes: number,
    urgency: Urgency,
    settled: () => void = () => undefined,
  ): void {
    const words = new Uint32Array(1 + (bytes >> 2)).fill(number);
    const frame = new Uint8Array(words.buffer);
    this.sent[urgency].push(number);
    const cut = Math.min(frame.length, 7);
    const settle = (error?: Error): void => {
      this.settled.set(number, error);
      if (!error) settled();
      words.fill(0xdead);
    };
    this.session.send(
      [frame.subarray(0, cut), frame.subarray(cut)],
      settle,
      urgency === 'background' ? urgency : undefined,
    );
  }

  /** Lets the oldest segment on its way to `to` arrive. */
  arrive(to: Side, times = 1): void {
    const parts = this.wire.shift();
    if (parts === undefined) return;
    const segment = new Uint8Array(Buffer.concat(parts));
    for (let time = 0; time < times; time += 1) to.session.arrived(segment.slice());
  }
}

/** The number that a frame says, if it says the same all along. */
function numberOf(frame: Uint8Array): number {
  const words = new Uint32Array(frame.buffer, frame.byteOffset, frame.length >> 2);
  return words.every((word) => word === words[0]) ? words[0]! : -1;
}

/** Two sessions and the connection between them, which may be gone before either knows. */
class Sides {
  readonly near = new Side(true);
  readonly far = new Side(false);
  #isCut = false;

  get both(): readonly [Side, Side] {
    return [this.near, this.far];
  }

  get crosswise(): readonly [Side, Side] {
    return [this.far, this.near];
  }

  arrive(from: Side, times = 1): void {
    if (this.#isCut) from.wire.shift();
    else from.arrive(from === this.near ? this.far : this.near, times);
  }

  /** Takes the connection away; those who are told know it. */
  cut(...told: readonly Side[]): void {
    this.#isCut = true;
    for (const side of this.both) side.wire.length = 0;
    for (const side of told) side.session.broken(broke);
  }

  /** Gives them another, as the side that dials has found out that it needs one. */
  resume(): void {
    const { near, far } = this;
    near.session.broken(broke);
    for (const side of this.both) side.wire.length = 0;
    this.#isCut = false;
    const farReceived = far.session.received;
    far.session.resumed(near.session.received);
    near.session.resumed(farReceived);
  }

  /** Until nothing moves any more. */
  settle(): void {
    do {
      for (const side of this.both) while (side.wire.length > 0) this.arrive(side);
      for (const side of this.both) side.session.acknowledge();
    } while (this.both.some((side) => side.wire.length > 0));
  }
}

const actions = fc.array(
  fc.record({
    act: fc.constantFrom(
      ...(['send', 'send', 'send', 'arrive', 'arrive', 'arrive', 'arrive', 'twice'] as const),
      ...(['acknowledge', 'acknowledge', 'tick', 'cut', 'cutUnknown', 'resume'] as const),
    ),
    isNear: fc.boolean(),
    isBackground: fc.boolean(),
    bytes: fc.oneof(fc.nat(1000), fc.nat(200_000)),
  }),
  { maxLength: 150 },
);

test('every frame arrives once and in order, and is settled not before, however often it is cut', () => {
  fc.assert(
    fc.property(actions, (all) => {
      const sides = new Sides();
      let count = 0;
      const early: number[] = [];
      for (const { act, isNear, isBackground, bytes } of all) {
        const [side, other] = isNear ? sides.both : sides.crosswise;
        if (act === 'send') {
          const number = (count += 1);
          side.send(number, bytes, isBackground ? 'background' : 'foreground', () => {
            if (!other.received.includes(number)) early.push(number);
          });
        } else if (act === 'arrive') sides.arrive(side);
        else if (act === 'twice') sides.arrive(side, 2);
        else if (act === 'acknowledge') side.session.acknowledge();
        else if (act === 'tick') side.session.tick(count);
        else if (act === 'cut') sides.cut(...sides.both);
        else if (act === 'cutUnknown') sides.cut(side);
        else sides.resume();
      }
      const isOver = sides.both.some(({ ended }) => ended !== undefined);
      if (!isOver) {
        sides.resume();
        sides.settle();
      }
      expect(early).toEqual([]);
      for (const [from, to] of [sides.both, sides.crosswise]) {
        for (const sent of [from.sent.foreground, from.sent.background]) {
          const arrived = to.received.filter((each) => sent.includes(each));
          expect(arrived).toEqual(isOver ? sent.slice(0, arrived.length) : sent);
        }
        if (isOver) continue;
        expect([...from.settled.values()].every((error) => error === undefined)).toBe(true);
        expect(from.settled.size).toBe(to.received.length);
        expect(from.session.isIdle).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

const contents = ({ wire }: Side): { kind: string; bytes: number }[] =>
  wire.map((parts) => {
    const { kind, carried } = decodeSegment(new Uint8Array(Buffer.concat(parts)));
    return { kind, bytes: carried.length };
  });

describe('background frames', () => {
  test('leave in pieces, two at once, when nothing else is under way', () => {
    const sides = new Sides();
    const { near } = sides;
    near.send(1, 100_000, 'background');
    expect(contents(near)).toEqual([
      { kind: 'piece', bytes: 8192 },
      { kind: 'piece', bytes: 8192 },
    ]);
    sides.settle();
    near.send(2, 8, 'foreground');
    near.send(3, 100_000, 'background');
    expect(contents(near).map(({ kind }) => kind)).toEqual(['frame']);
    sides.settle();
    expect(sides.far.received).toEqual([1, 2, 3]);
  });

  test('are not starved by a link that is never quiet', () => {
    const sides = new Sides();
    const { near } = sides;
    let pieces = 0;
    near.send(1000, 10 * 8192 - 4, 'background');
    near.wire.length = 0;
    sides.cut();
    sides.resume();
    for (let k = 0; k < 32 * 12; k += 1) {
      near.send(k, 8, 'foreground');
      near.send(k, 8, 'foreground');
      pieces += contents(near).filter(({ kind }) => kind === 'piece').length;
      // Of two frames under way, one is acknowledged.
      while (near.wire.length > 1) sides.arrive(near);
      sides.far.session.acknowledge();
      while (sides.far.wire.length > 0) sides.arrive(sides.far);
    }
    expect(sides.far.received).toContain(1000);
    expect(pieces).toBeGreaterThanOrEqual(10);
  });

  test('may not be larger than the limit, nor in pieces that do not follow each other', () => {
    const sides = new Sides();
    sides.far.session.maximumFrameBytes = 50_000;
    sides.near.send(1, 60_000, 'background');
    sides.settle();
    expect(sides.far.ended?.error).toMatchObject({ code: 'PROTOCOL' });
    expect(sides.far.received).toEqual([]);
  });
});

describe('a connection that is gone', () => {
  test('is dialled again at once and then less and less often, until the grace is over', () => {
    const { near } = new Sides();
    near.send(1, 8, 'foreground');
    near.session.broken(broke);
    const dialled = [near.dials];
    for (let tick = 0; tick < graceTicks; tick += 1) {
      if (near.dials > dialled.at(-2)! || tick === 0) near.session.dialFailed();
      near.session.tick(0);
      dialled.push(near.dials);
    }
    expect(dialled).toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
    expect(near.ended).toEqual({ error: broke });
    expect(near.settled.get(1)).toBe(broke);
    expect(() => near.session.tick(0)).not.toThrow();
    near.send(2, 8, 'foreground');
    expect(near.settled.get(2)).toBe(broke);
  });

  test('is waited for by the side that listens', () => {
    const { far } = new Sides();
    far.session.broken(broke);
    for (let tick = 0; tick < graceTicks - 1; tick += 1) far.session.tick(0);
    expect(far).toMatchObject({ dials: 0, ended: undefined });
    far.session.resumed(0);
    for (let tick = 0; tick < graceTicks; tick += 1) far.session.tick(0);
    expect(far.ended).toBeUndefined();
  });

  test('is taken for gone when it is silent, and not because of a peer that was stopped for 5 s', () => {
    const { near } = new Sides();
    for (let tick = 0; tick < 6 * ticksPerSecond; tick += 1) near.session.tick(0);
    expect(near.doubts).toBe(0);
    for (let tick = 0; tick < 3 * ticksPerSecond; tick += 1) near.session.tick(0);
    expect(near.doubts).toBeGreaterThan(0);
  });

  test('is kept by two sides that have nothing to say, with one sign a second from each', () => {
    const sides = new Sides();
    let signs = 0;
    for (let tick = 1; tick <= 100 * ticksPerSecond; tick += 1) {
      for (const side of sides.both) side.session.tick(signs);
      signs += sides.near.wire.length + sides.far.wire.length;
      sides.settle();
    }
    expect(sides.both.map(({ doubts }) => doubts)).toEqual([0, 0]);
    expect(signs).toBe(200);
  });
});

test.each<[string, (sides: Sides) => void]>([
  [
    'skips a number',
    ({ near, far }) => {
      near.send(1, 8, 'foreground');
      near.send(2, 8, 'foreground');
      near.wire.shift();
      near.arrive(far);
    },
  ],
  [
    'acknowledges what was not sent',
    ({ near, far }) => {
      near.send(1, 8, 'foreground');
      near.arrive(far);
      far.session.acknowledge();
      far.arrive(new Side(true));
      far.arrive(near);
      near.session.broken(broke);
      near.session.resumed(2);
    },
  ],
  [
    'has forgotten what it acknowledged',
    (sides) => {
      sides.near.send(1, 8, 'foreground');
      sides.settle();
      sides.near.session.broken(broke);
      sides.near.session.resumed(0);
    },
  ],
  [
    'sends what is no segment',
    ({ near, far }) => {
      near.wire.push([new Uint8Array(5)]);
      near.arrive(far);
    },
  ],
])('a peer that %s ends the session', (_, act) => {
  const sides = new Sides();
  act(sides);
  const ended = sides.both.filter((side) => side.ended !== undefined);
  expect(ended).toHaveLength(1);
  expect(ended[0]!.ended!.error).toMatchObject({ code: 'PROTOCOL' });
});

test('a frame is acknowledged once for all that came, and not at all where something is sent', () => {
  const { near, far } = new Sides();
  for (const number of [1, 2, 3]) near.send(number, 8, 'foreground');
  while (near.wire.length > 0) near.arrive(far);
  far.session.acknowledge();
  far.session.acknowledge();
  expect(contents(far)).toEqual([{ kind: 'sign', bytes: 0 }]);
  far.arrive(near);
  expect(near.settled.size).toBe(3);
  near.send(4, 8, 'foreground');
  near.arrive(far);
  far.send(5, 8, 'foreground');
  expect(far.session.owesAcknowledgement).toBe(false);
  far.arrive(near);
  expect(near.settled.size).toBe(4);
});
