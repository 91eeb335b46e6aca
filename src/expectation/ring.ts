// The ring as it would be: cut by the same programme that cuts a real one, played by its own nodes.

import { trainingCourse } from '../machine/course.ts';
import { layerCosts } from '../model/layer-costs.ts';
import { ringTraining } from '../model/training.ts';
import type { Stage } from '../node.ts';
import { cutStages } from '../plan/cutter.ts';
import { stageBytes } from '../plan/memory.ts';
import { Master } from '../ring/master.ts';
import { Worker } from '../ring/worker.ts';
import { CostedExecutor } from '../simulator/costed.ts';
import type { ExpectedNodes } from './figures.ts';
import { capabilitiesOf, commonOf, courseSizeOf, joinOf, playScene } from './scene.ts';
import type { Actor } from './scene.ts';
import type { Setting } from './setting.ts';
import { StageDemands } from './stage-demands.ts';
import { ringDemand } from './work-demands.ts';

/** Who would hold which layers. Errors: TOO_MANY_NODES, MEMORY. */
export function expectedCut(setting: Setting): readonly (readonly Stage[])[] {
  const { training, nodes, link } = setting;
  const members = Array.from({ length: nodes }, () => capabilitiesOf(setting, ''));
  return cutStages({ training, members, purpose: 'train', isLocal: false, hop: link });
}

/** A ring, or with one node a device alone. Errors: TOO_MANY_NODES, MEMORY. */
export async function expectRing(setting: Setting): Promise<ExpectedNodes> {
  const { training } = setting;
  const described = ringTraining(training);
  const { layers, rows, microbatches } = training.resolved;
  const cut = expectedCut(setting);
  const master = new Master({
    ...commonOf(setting),
    training: described,
    purpose: 'train',
    course: trainingCourse(courseSizeOf(setting)),
    rows,
    workers: setting.nodes - 1,
    capabilities: capabilitiesOf(setting, 'master'),
    layersWithParameters: layers.flatMap(({ parameters }, layer) =>
      parameters.length > 0 ? [layer] : [],
    ),
    cut: () => cut,
  });
  const actors = cut.map((held, index): Actor => {
    const stages = held.map((stage) => new StageDemands(described, stage));
    const costed = Object.fromEntries(stages.map((each) => [each.stage.place, each]));
    return {
      node: index === 0 ? master : new Worker(joinOf(setting, index)),
      executor: new CostedExecutor(costed),
      demand: ringDemand(stages),
    };
  });
  const played = await playScene(setting, actors);
  const costs = layerCosts(described);
  const tensorBytes = (held: readonly Stage[]): number =>
    held.reduce((sum, stage) => sum + stageBytes(costs, stage, stage.window, microbatches), 0);
  return cut.map((stages, index) => ({
    role: index === 0 ? 'master' : 'worker',
    stages,
    tensorBytes: tensorBytes(stages),
    sampleBytes: 0,
    ...played[index]!,
  }));
}
