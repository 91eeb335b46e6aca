// What a simulated network promises, whatever goes wrong on it: everything once and in order, or word
// that the link has ended.

import { describe, expect, test } from 'vitest';

import type { Effect, Event, Message, Node, NodeId } from '../node.ts';
import type { ScriptedFault } from './faults.ts';
import { patienceSeconds } from './links.ts';
import { simulate } from './simulator.ts';
import type { Watch } from './simulation.ts';
import type { SimulatedProcess, Simulation, SimulationOptions } from './simulator.ts';

const credit = (upTo: number): Message => ({ type: 'credit', pass: 1, upTo });

/** Sends a numbered message to the other every second, thirty times, and writes down what it is told. */
class Talker implements Node {
  readonly heard: string[] = [];
  readonly #to: NodeId;
  #sent = 0;

  constructor(to: NodeId) {
    this.#to = to;
  }

  receive(event: Event): readonly Effect[] {
    if (event.type === 'message' && event.message.type === 'credit')
      this.heard.push(`${event.message.upTo}`);
    else if (event.type === 'linked' || event.type === 'unlinked') this.heard.push(event.type);
    const isDone = event.type === 'computed' && event.work.kind === 'read';
    if ((event.type !== 'linked' && !isDone) || this.#sent === 30) return [];
    this.#sent += 1;
    return [
      { type: 'send', to: this.#to, generation: 1, message: credit(this.#sent) },
      { type: 'compute', work: { kind: 'read', layer: 0 } },
    ];
  }
}

interface Talk extends Simulation {
  /** What each device's processes heard, one after the other. */
  readonly heard: Readonly<Record<'master' | 'worker-1', readonly (readonly string[])[]>>;
}

async function talk(
  faults: readonly ScriptedFault[],
  options: Partial<SimulationOptions> = {},
): Promise<Talk> {
  const talkers = { master: [] as Talker[], 'worker-1': [] as Talker[] };
  const begin = (id: keyof typeof talkers, to: NodeId) => (): SimulatedProcess => {
    const node = new Talker(to);
    talkers[id].push(node);
    return { node, executor: { run: () => ({}) } };
  };
  const device = (id: keyof typeof talkers, to: NodeId) => {
    const again = begin(id, to);
    return { ...again(), again, seconds: () => 1 };
  };
  const devices = new Map([
    ['master', device('master', 'worker-1')],
    ['worker-1', device('worker-1', 'master')],
  ]);
  const link = () => ({ latencySeconds: 0.25, bytesPerSecond: Infinity });
  const simulation = await simulate({ devices, link, faults, ...options });
  const heard = (id: keyof typeof talkers) => talkers[id].map((talker) => talker.heard);
  return { ...simulation, heard: { master: heard('master'), 'worker-1': heard('worker-1') } };
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, k) => `${from + k}`);
const whole = ['linked', ...numbers(1, 30)];

test('without faults everything is heard', async () => {
  const { heard, cameToRest } = await talk([]);
  expect(heard).toEqual({ master: [whole], 'worker-1': [whole] });
  expect(cameToRest).toBe(true);
});

const short = patienceSeconds - 2;
const pair = ['master', 'worker-1'] as const;

const harmless: readonly ScriptedFault['fault'][] = [
  { kind: 'linkDown', between: pair, seconds: short },
  { kind: 'partition', devices: ['worker-1'], seconds: short },
  { kind: 'pause', device: 'worker-1', seconds: short },
  { kind: 'pause', device: 'master', seconds: short },
  { kind: 'delay', between: pair, longer: 3, seconds: 5 },
  { kind: 'slowLink', between: pair, times: 100, seconds: 20 },
  { kind: 'slowDevice', device: 'worker-1', times: 5, seconds: 8 },
  { kind: 'cut', between: pair },
  { kind: 'duplicate', between: pair, segments: 9 },
];

describe.each([false, true])('with sessions: %s', (sessions) => {
  // Sessions give signs of life for ever.
  const bounds = { seconds: 200, actions: 1e5 };

  test.each(harmless)('nothing is lost or told of, $kind', async (fault) => {
    const { heard } = await talk([{ when: 5.1, fault }], { sessions, bounds });
    expect(heard).toEqual({ master: [whole], 'worker-1': [whole] });
  });

  test('a link that is down for longer has ended, for both', async () => {
    const seconds = patienceSeconds + 3;
    const fault = { kind: 'linkDown', between: pair, seconds } as const;
    const { heard } = await talk([{ when: 5.5, fault }], { sessions, bounds });
    const upTo5 = ['linked', ...numbers(1, 5), 'unlinked'];
    expect(heard).toEqual({ master: [upTo5], 'worker-1': [upTo5] });
  });
});

test('who stood still for too long hears what had come before it hears that it was given up', async () => {
  const fault = { kind: 'pause', device: 'worker-1', seconds: patienceSeconds + 5 } as const;
  const { heard } = await talk([{ when: 5.1, fault }]);
  expect(heard.master[0]).toEqual(['linked', ...numbers(1, 5), 'unlinked']);
  expect(heard['worker-1'][0]?.at(-1)).toBe('unlinked');
  expect(heard['worker-1'][0]?.slice(0, 6)).toEqual(['linked', ...numbers(1, 5)]);
});

test('a process that is killed is told of at once, one without power after a while', async () => {
  const ended = async (silent?: true): Promise<number> => {
    let at = 0;
    const told: Watch['told'] = (seconds, device, event) => {
      if (device === 'master' && event.type === 'unlinked') at = seconds;
    };
    const fault = { kind: 'crash', device: 'worker-1', ...(silent && { silent }) } as const;
    await talk([{ when: 5, fault }], { watch: { told } });
    return at;
  };
  expect(await ended()).toBe(5.25);
  expect(await ended(true)).toBe(5 + patienceSeconds);
});

test('a device that starts again is another node to its master', async () => {
  const { heard } = await talk([
    { when: 5, fault: { kind: 'crash', device: 'worker-1', back: 4 } },
  ]);
  expect(heard['worker-1']).toHaveLength(2);
  expect(heard.master[0]).toContain('unlinked');
  expect(heard.master[0]?.at(-1)).toBe('30');
});

test('a fault may wait for something to be seen', async () => {
  const crash = { kind: 'crash', device: 'worker-1' } as const;
  const { heard } = await talk([{ when: { on: 'credit', nth: 7, events: 0 }, fault: crash }]);
  expect(heard['worker-1'][0]).toEqual(['linked', ...numbers(1, 3)]);
});

test('what comes again and again ends with its node or at a bound', async () => {
  const every = [{ seconds: 1, node: 'master', event: { type: 'save' } }] as const;
  const { cameToRest } = await talk([], { every, bounds: { seconds: 100, actions: 1e4 } });
  expect(cameToRest).toBe(false);
});

test('copies that were being written when a process died are not there', async () => {
  const keep = (layer: number): Effect => ({
    type: 'keep',
    run: 'r',
    step: 1,
    layer,
    payload: { bytes: 4 },
  });
  const keeper: Node = { receive: ({ type }) => (type === 'start' ? [keep(0), keep(1)] : []) };
  const executor = { run: () => ({}) };
  const { disks } = await simulate({
    devices: new Map([['master', { node: keeper, executor, seconds: () => 0 }]]),
    link: () => ({ latencySeconds: 0, bytesPerSecond: 1 }),
    diskSeconds: (bytes) => bytes,
    faults: [{ when: 3, fault: { kind: 'crash', device: 'master' } }],
  });
  expect(disks.get('master')?.snapshots.size).toBe(0);
});
