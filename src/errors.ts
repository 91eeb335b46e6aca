// Every error the product raises, with its code and the shape of its wording: what was given, what
// is expected, what to do. One table, so that wording stays one voice and tests can hold docs to it.

/** Each code with what it is for; the exit code is the process's when the error ends a command. */
export const errorCodes = {
  // what the user gave
  USAGE: { exit: 2, about: 'a command was called with arguments it does not take' },
  TRAINING_FILE: { exit: 2, about: 'the training file cannot be read or says something unknown' },
  MODEL: { exit: 2, about: 'a layer does not fit its input' },
  DATA: { exit: 2, about: 'a dataset is missing, truncated or has a bad row' },
  RUN: { exit: 2, about: 'a folder of a run is missing, incomplete, complete or in use' },
  TOO_MANY_NODES: { exit: 2, about: 'more nodes were asked for than the model can use' },
  MEMORY: { exit: 3, about: 'no cut of the layers fits the memory of the nodes' },
  // who may come in
  ADDRESS: { exit: 2, about: 'an address cannot be understood, listened on or reached' },
  SECRET: { exit: 4, about: 'the other side does not know the secret' },
  VERSION: { exit: 4, about: 'the other side speaks another version of the protocol' },
  PROTOCOL: { exit: 4, about: 'the other side sent something that is not allowed' },
  // what happened on the way
  NODE_LOST: { exit: 5, about: 'a node of the ring is gone' },
  NOT_FINITE: { exit: 6, about: 'the loss or a gradient is NaN or infinite' },
  ENGINE: { exit: 7, about: 'the engine asked for is not available or failed' },
  SENSOR: { exit: 8, about: 'a power sensor is missing, may not be read, or is gone' },
  LAB: { exit: 9, about: 'devices cannot be emulated here, or not so many' },
  GRAPH: { exit: 70, about: 'a graph is malformed (a fault of RingTMP, not of its user)' },
  STORE: { exit: 74, about: 'a file cannot be written' },
  INTERRUPTED: { exit: 130, about: 'the user stopped the run' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The only error class of the product: one line for a person, a code for a machine. */
export class RingError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RingError';
    this.code = code;
  }

  /** The exit code of a process that ends with this error. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}
