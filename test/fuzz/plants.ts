// Bugs, to see whether the fuzzer finds them: each spoils what nodes hear or ask for, or what a disk
// gives back, from outside.

import type { Effect, Event, Message, Node, NodeId } from '../../src/node.ts';
import { masterId } from '../../src/node.ts';
import type { Disk } from '../../src/simulator/disk.ts';
import type { SimulatedProcess } from '../../src/simulator/simulator.ts';

/** What a device says that it keeps, by step. */
export type Holds = { step: number; layers: number[] }[];

export interface Plant {
  readonly about: string;
  /** What runs on a device instead. */
  process?(process: SimulatedProcess, device: NodeId): SimulatedProcess;
  holdings?(disk: Disk): Holds;
}

type Send = Extract<Effect, { type: 'send' }>;

/** A node whose events, effects, or both are changed on the way. */
const around = (
  process: SimulatedProcess,
  receive: (node: Node, event: Event) => readonly Effect[],
): SimulatedProcess => ({
  ...process,
  node: { receive: (event) => receive(process.node, event) },
});

const changing = (process: SimulatedProcess, change: (message: Message, send: Send) => Message) =>
  around(process, (node, event) =>
    node
      .receive(event)
      .map((effect) =>
        effect.type === 'send' ? { ...effect, message: change(effect.message, effect) } : effect,
      ),
  );

export const plants: Readonly<Record<string, Plant>> = {
  lostAcknowledgement: {
    about: 'after twenty payloads a worker is not told that one has come',
    process(process, device) {
      if (device === masterId) return process;
      let sent = 0;
      return around(process, (node, event) => {
        if (event.type === 'sent') sent += 1;
        return event.type === 'sent' && sent === 20 ? [] : node.receive(event);
      });
    },
  },
  staleGeneration: {
    about: 'frames of an older ring are taken for frames of this one',
    process(process) {
      let generation = 0;
      return around(process, (node, event) => {
        if (event.type !== 'message') return node.receive(event);
        generation = Math.max(generation, event.generation);
        return node.receive({ ...event, generation });
      });
    },
  },
  tornSnapshot: {
    about: 'a copy that was half written when its process died is taken for a whole one',
    holdings(disk) {
      for (const effect of disk.unfinished) {
        const { tensors } = effect.payload as { tensors?: readonly { bytes: Uint8Array }[] };
        for (const { bytes } of tensors ?? []) bytes.fill(0, bytes.length >> 1);
        disk.carryOut(effect);
      }
      return [...disk.snapshots].map(([step, layers]) => ({ step, layers: [...layers.keys()] }));
    },
  },
  commitBeforeFinish: {
    about: 'a worker says that it has finished a step with its first gradient of it',
    process(process, device) {
      if (device === masterId) return process;
      let norms: Extract<Message, { type: 'finished' }> | undefined;
      let said = 0;
      return around(process, (node, event) =>
        node.receive(event).flatMap((effect): Effect[] => {
          if (effect.type !== 'send') return [effect];
          const { message } = effect;
          if (message.type === 'finished') {
            const isEarly = said === message.pass;
            norms = message;
            return isEarly ? [] : [effect];
          }
          if (message.type !== 'gradient' || !norms || said >= message.pass) return [effect];
          said = message.pass;
          return [effect, { ...effect, message: { ...norms, pass: message.pass } }];
        }),
      );
    },
  },
  replicaOffByOne: {
    about: 'a replica says that it is of the step after',
    process: (process) =>
      changing(process, (message) =>
        message.type === 'replica' ? { ...message, step: message.step + 1 } : message,
      ),
  },
  lostMessage: {
    about: 'the sixtieth thing that a worker is sent does not come',
    process(process, device) {
      if (device === masterId) return process;
      let heard = 0;
      return around(process, (node, event) => {
        if (event.type === 'message') heard += 1;
        return event.type === 'message' && heard === 60 ? [] : node.receive(event);
      });
    },
  },
};
