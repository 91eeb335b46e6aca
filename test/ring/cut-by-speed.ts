// A cutter for tests: layers that all cost the same, as many to each node as its speed says.

import type { Stage } from '../../src/node.ts';
import type { Cutter } from '../../src/ring/formation.ts';

/** The master's closing stage is empty, so that each member has one stretch of layers. */
export const cutBySpeed =
  (layers: number, window: number): Cutter =>
  (members) => {
    const all = members.reduce((sum, { flops }) => sum + flops, 0);
    let speed = 0;
    const borders = members.map(({ flops }) => Math.round((layers * (speed += flops)) / all));
    const stage = (place: Stage['place'], from: number, to: number): Stage => ({
      place,
      from,
      to,
      window,
    });
    return members.map((_, index) =>
      index > 0
        ? [stage('inner', borders[index - 1]!, borders[index]!)]
        : [stage('opening', 0, borders[0]!), stage('closing', layers, layers)],
    );
  };
