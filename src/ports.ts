// The ports: what a node needs from the outside world, as interfaces. Adapters (engine, transport,
// data, checkpoint) implement them; runtime/ and simulator/ use them; nothing else crosses.

import type { Graph, TensorType } from './graph/graph.ts';

// ---------------------------------------------------------------------------------------- engine

export interface EngineDescription {
  /** `wasm`: the kernels of this package alone; `blas`: matrix products by the system's library. */
  readonly kind: 'wasm' | 'blas';
  /** What a person reads: `wasm (SIMD)`, or `OpenBLAS 0.3.21 SkylakeX`. Two nodes of the same name give the same bits. */
  readonly name: string;
  readonly threads: number;
}

/**
 * A tensor resident in an engine's memory: a handle that is an address and a type. Rows of one can be
 * addressed by `rowsOf` without a copy.
 */
export interface Tensor {
  /** Byte offset in the engine's memory; a multiple of 4 (of 64 when from `allocate`). */
  readonly offset: number;
  readonly type: TensorType;
}

/** A compiled graph. */
export interface Program {
  readonly id: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * One run of a program. `inputs` and `outputs` are in the order of the program's. An output may be
 * the same tensor as an input only for operators that say they work in place (operators.ts).
 */
export interface Call {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface RunReport {
  /** Time the engine's thread spent in kernels. */
  readonly milliseconds: number;
}

/**
 * Runs compiled graphs on its own thread. Calls are carried out in the order in which they are made;
 * `allocate`, `free` and `view` are bookkeeping and return at once. Errors: RingError ENGINE.
 */
export interface Engine {
  readonly description: EngineDescription;
  /** Bytes now allocated for tensors and for the programs' temporaries. */
  readonly allocatedBytes: number;
  /** How long its thread has been in kernels, in all. */
  readonly busySeconds: number;
  /** The operating system's number of its thread, where that can be known. */
  readonly threadId?: number | undefined;
  allocate(type: TensorType): Tensor;
  free(tensor: Tensor): void;
  /** The tensor's bytes themselves, to read or write in place while no run uses them; undefined where the memory cannot be shared (a browser). */
  view(tensor: Tensor): Uint8Array | undefined;
  /** Copies `bytes` in, in order with runs. */
  write(tensor: Tensor, bytes: Uint8Array): Promise<void>;
  /** A copy of the tensor's bytes, in order with runs. */
  read(tensor: Tensor): Promise<Uint8Array>;
  compile(graph: Graph): Promise<Program>;
  release(program: Program): void;
  run(calls: readonly Call[]): Promise<RunReport>;
  close(): Promise<void>;
}

/** `count` rows of a tensor from row `first` on: same memory, no copy. */
export function rowsOf(tensor: Tensor, first: number, count: number): Tensor {
  const [, ...rest] = tensor.type.shape;
  const rowBytes = rest.reduce((a, b) => a * b, 4);
  return {
    offset: tensor.offset + first * rowBytes,
    type: { type: tensor.type.type, shape: [count, ...rest] },
  };
}

// ------------------------------------------------------------------------------------- transport

/**
 * Is given a frame. Who calls `release` says that it reads nothing of the frame any more, whose memory
 * is then used for another; a frame that is never released is just garbage.
 */
export type FrameHandler = (frame: Uint8Array, release?: () => void) => void;

/** A link carries whole frames, in order, both ways, to one peer. */
export interface Link {
  /** The peer, for a person: `192.168.1.7:40112`. */
  readonly remote: string;
  /** What has arrived so far, also of a frame that is not whole yet; what waits unread does not count. */
  readonly receivedBytes: number;
  /** Frames larger than this end the link with PROTOCOL; small until the peer is admitted, then raised. */
  maximumFrameBytes: number;
  /**
   * Sends one frame, given in parts; settles when the bytes may be reused. Rejects when the link is closed.
   * A frame in the `background` leaves when nothing else does, in no fixed order with the others.
   */
  send(parts: readonly Uint8Array[], urgency?: 'background'): Promise<void>;
  /**
   * Frames arrive only while a handler is set, none is lost before; a new handler takes the former's
   * place, and without one frames wait again.
   */
  onFrame(handler: FrameHandler | undefined): void;
  /**
   * Called once, when the link has ended and its last frame was handed over: without an error if
   * either side closed it in order. A new handler takes the former's place, and without one the end
   * waits for the next.
   */
  onClose(handler: ((error?: Error) => void) | undefined): void;
  /** Ends the link after what was sent has left. */
  close(): Promise<void>;
  /** Ends the link at once, as if this side had died; `onClose` is told of `error`. */
  abort(error?: Error): void;
}

export interface Listener {
  /** `host:port`, with the port that was really taken. */
  readonly address: string;
  close(): Promise<void>;
}

export interface Transport {
  /** `address` is `host:port`; port 0 takes a free one. Errors: ADDRESS. */
  listen(address: string, accept: (link: Link) => void): Promise<Listener>;
  /** Errors: ADDRESS. */
  connect(address: string): Promise<Link>;
}

// ------------------------------------------------------------------------------------------ data

/** Samples that can be read by index, in any order, in bounded memory. */
export interface Dataset {
  readonly count: number;
  /** The shape of one sample's input, e.g. [1, 28, 28]. */
  readonly inputShape: readonly number[];
  /** What a target is: a class (int32, shape []), or numbers to come near (float32). Absent when there are no targets (prediction). */
  readonly target?: TensorType;
  /** Names of the classes where the target is one. */
  readonly classes?: readonly string[];
  /** Reads the samples at `indices`, in that order. */
  read(indices: ArrayLike<number>): Promise<Samples>;
  close(): Promise<void>;
}

export interface Samples {
  /** [indices.length, ...inputShape] */
  readonly inputs: Float32Array;
  /** [indices.length, ...target.shape] */
  readonly targets?: Float32Array | Int32Array;
}

// ----------------------------------------------------------------------------------------- power

/** What a device did in a stretch of time. */
export interface Activity {
  /** Wall time by the caller's clock, which never runs backwards. */
  readonly seconds: number;
  /** Mean utilisation of the whole device, 0..1: one busy thread of four cores is 0.25. */
  readonly utilisation: number;
  /** Sent and received together. */
  readonly bytes: number;
}

/** How far a figure may be off. */
export interface ErrorBand {
  /** 0.02 is 2 % either way. */
  readonly relative: number;
  /** Who says so, and of what. */
  readonly basis: string;
}

/** Where joules went, in joules: standing there; computing beyond that; sending and receiving beyond that. */
export interface EnergyParts {
  readonly floorJoules: number;
  readonly computeJoules: number;
  readonly radioJoules: number;
}

/** The watts of this moment, or the joules counted since some moment of the source's own. Only a model knows parts. */
export type PowerReading =
  | { readonly watts: number }
  | { readonly joules: number; readonly parts?: EnergyParts };

export interface PowerSource {
  readonly kind: 'measured' | 'modelled';
  /** `hwmon ina219`, `model pi-4b`. */
  readonly name: string;
  /** What its figures hold and what they leave out. */
  readonly description: string;
  /** Absent where nobody has stated one. */
  readonly errorBand?: ErrorBand;
  /** `activity` is the device's since measuring began; only a model needs it. Errors: SENSOR. */
  read(activity: Activity): Promise<PowerReading>;
}

/** The energy of one device, in joules, and how the figures were obtained. */
export interface EnergyReport {
  readonly kind: PowerSource['kind'];
  /** The source's name. */
  readonly source: string;
  /** The source's, of `total`. */
  readonly errorBand?: ErrorBand;
  readonly total: number;
  /** The time that the figures hold. */
  readonly seconds: number;
  /** Time that they do not hold, since the source could not be read. */
  readonly missed?: { readonly seconds: number; readonly reason: string };
  /** What the device would have drawn doing nothing, and what came on top; absent where its idle watts are not known. */
  readonly floorJoules?: number;
  readonly marginalJoules?: number;
  /** What the marginal joules were for; a sensor cannot tell. */
  readonly computeJoules?: number;
  readonly radioJoules?: number;
}
