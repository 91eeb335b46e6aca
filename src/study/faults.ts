// What befalls the devices of a run, on purpose or not: plain data, in the condition and in what was recorded.

/** A node that is taken away during a run. Never the master, which has the data. */
export interface Fault {
  /** What it is to be; beside a worker's shard it is both. */
  readonly role: 'worker' | 'server';
  /** Which of these, counted from 0 in the order of the ring, that is, in which they joined. */
  readonly at: number;
  /** When so many steps are done. */
  readonly step: number;
  /** So long it stands still and answers nobody; without, it is killed and does not come back. */
  readonly seconds?: number;
}

/**
 * What is kept for the case that a node is lost, and how often: by a ring copies of its layers, by a parameter server
 * checkpoints at its master.
 */
export interface Copies {
  readonly on: 'disk' | 'memory';
  readonly everySteps: number;
}

/** What a run told of nodes that went or came; `seconds` since its begin, as its steps have them. */
export type Disturbance = { readonly seconds: number } & (
  | { readonly kind: 'fault'; readonly node: string }
  /** A node is gone. */
  | { readonly kind: 'lost'; readonly node: string }
  /** It goes on after `step` steps with so many nodes, `replay` steps are to be done again. */
  | {
      readonly kind: 'reformed';
      readonly nodes: number;
      readonly step: number;
      readonly replay: number;
      readonly cause: 'lost' | 'joined' | 'slow';
    }
);
