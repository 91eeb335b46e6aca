// A simulated device, and the process on it: a node with its executor. Processes come and go; the
// device and its disk stay.

import type { Effect, Node, NodeId, WorkResult } from '../node.ts';
import type { Action } from './clock.ts';
import type { Disk } from './disk.ts';
import type { LinkEnd } from './link.ts';
import type { SimulatedDevice, SimulatedExecutor, Span } from './simulation.ts';

export type End = Extract<Effect, { type: 'end' }>;

export class RunningNode {
  readonly device: Device;
  readonly node: Node;
  readonly executor: SimulatedExecutor;
  /** By what this process calls the other. */
  readonly links = new Map<NodeId, LinkEnd>();
  /** On a master: everyone it has let in, by the name it gave. On a worker: its master. */
  readonly guests = new Map<NodeId, RunningNode>();
  master: RunningNode | undefined;
  /** What is being computed, in order. */
  readonly computing: { readonly span: Span; readonly result: WorkResult }[] = [];
  isAlive = true;
  end: End | undefined;

  constructor(device: Device, node: Node, executor: SimulatedExecutor) {
    this.device = device;
    this.node = node;
    this.executor = executor;
  }
}

export class Device {
  readonly id: NodeId;
  readonly of: SimulatedDevice;
  readonly disk: Disk;
  running: RunningNode | undefined;
  /** Its process stands still, as under SIGSTOP: what happens waits. */
  isPaused = false;
  readonly waiting: Action[] = [];
  /** Without power: nothing even says that its process is gone. */
  isOff = false;
  /** It has no process that runs, but will have: it seeks its master, or is to be started again. */
  isComingBack = false;
  /** How many times longer it takes to compute than it should. */
  slowness = 1;
  /** When its engine, its own thread and its disk have done all that they were given. */
  engineFree = 0;
  threadFree = 0;
  diskFree = 0;

  constructor(id: NodeId, of: SimulatedDevice, disk: Disk) {
    this.id = id;
    this.of = of;
    this.disk = disk;
  }
}
