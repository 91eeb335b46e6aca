// What an expectation is asked for: a training, so many devices that are all alike, and their links.

import type { ResolvedTraining } from '../model/training.ts';
import type { Access } from '../simulator/simulator.ts';
import type { DeviceSpeed } from './demand.ts';

export interface ExpectedDevice {
  readonly speed: DeviceSpeed;
  /** What it says of itself when it joins: floating-point operations a second in matrix products. */
  readonly flops: number;
  readonly memoryBytes: number;
  /** What its process takes before it holds a tensor. */
  readonly baseBytes: number;
  /** Of its own thread, for turning a message into bytes or back. */
  readonly secondsPerFrame: number;
  readonly secondsPerByte: number;
}

export interface ExpectedLink {
  /** `duplex`: each device has a port of its own; `shared`: all share one medium, as behind one access point. */
  readonly kind: Access['kind'];
  readonly bytesPerSecond: number;
  /** One way. */
  readonly latencySeconds: number;
}

export interface Setting {
  readonly training: ResolvedTraining;
  readonly nodes: number;
  readonly device: ExpectedDevice;
  readonly link: ExpectedLink;
}

/** In the order in which they are shown; the parameter server on its own device, and beside the workers. */
export const expectedArchitectures = [
  'single',
  'ring',
  'parameter-server',
  'parameter-server-colocated',
  'all-reduce',
] as const;

export type ExpectedArchitecture = (typeof expectedArchitectures)[number];
