// The master's stages in the ring: the closing one and, with workers present, the opening one. Here
// the ring begins and ends, so only their outer sides have neighbours.

import type { Outbox } from '../machine/outbox.ts';
import { masterId } from '../node.ts';
import type { Message, NodeId, WorkResult } from '../node.ts';
import { Exchange } from './exchange.ts';
import type { Formation } from './formation.ts';
import { StageRun } from './stage-run.ts';

export class MasterStages {
  readonly closing: Exchange;
  /** Undefined on a master that is alone. */
  readonly opening: Exchange | undefined;
  /** The workers beside the opening and the closing stage: both the same when there is one. */
  readonly first: NodeId | undefined;
  readonly last: NodeId | undefined;

  /** `units`: group sizes of the weight gradients, by stage. */
  constructor(
    formation: Formation,
    units: NonNullable<WorkResult['prepared']>['units'],
    outbox: Outbox,
  ) {
    const { workers } = formation;
    const stages = formation.stagesOf(masterId);
    const alone = stages.length === 1;
    const run = (index: number, downstream: number): StageRun => {
      const stage = stages.at(index)!;
      return new StageRun(stage, units[stage.place] ?? [], alone, downstream);
    };
    this.first = workers[0]?.node;
    this.last = workers.at(-1)?.node;
    this.closing = new Exchange(run(-1, 0), { anticlockwise: this.last }, outbox);
    if (this.first === undefined) return;
    const downstream = formation.stagesOf(this.first)[0]!.window;
    this.opening = new Exchange(run(0, downstream), { clockwise: this.first }, outbox);
  }

  /** The closing stage first, as the local rule wants it. */
  get exchanges(): readonly Exchange[] {
    return this.opening ? [this.closing, this.opening] : [this.closing];
  }

  sent(message: Message): void {
    for (const exchange of this.exchanges) exchange.sent(message);
  }
}
