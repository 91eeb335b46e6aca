// Runs one scenario on a simulated ring that really computes.

import { masterId } from '../../src/node.ts';
import type { NodeId, Stage, Work } from '../../src/node.ts';
import { Disk } from '../../src/simulator/disk.ts';
import type { Watch } from '../../src/simulator/simulation.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type {
  SimulatedDevice,
  SimulatedProcess,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';
import { drawModel } from './models.ts';
import { Oracle } from './oracle.ts';
import type { Verdict } from './oracle.ts';
import type { Holds, Plant } from './plants.ts';
import { referenceOf } from './reference.ts';
import { devicesOf, lateDevice } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { Statistics } from './statistics.ts';
import { Training } from './training.ts';

const run = 'fuzz';

/** Where a run that goes on for ever is given up. */
const bounds = { seconds: 3000, actions: 2_000_000 };

export interface Result extends Verdict {
  readonly statistics: Statistics;
}

/** `plant`: a bug to be found; `watch` sees all that happens. */
export async function runRing(scenario: Scenario, plant?: Plant, watch?: Watch): Promise<Result> {
  const { seed, model, nodes, fewest, replicateEvery } = scenario;
  const reference = await referenceOf(model);
  const training = new Training(model);
  const { mostNodes } = drawModel(model);
  const ids = [...devicesOf(scenario), ...(scenario.hasLateDevice ? [lateDevice] : [])];
  const disks = new Map(ids.map((id) => [id, new Disk()]));
  const oracle = new Oracle(scenario, reference, training.layersWithParameters, disks);
  const statistics = new Statistics();
  /** Devices whose node has begun and not ended. */
  const running = new Set<NodeId>();
  const cut = { seed, fewest };
  const begun = (id: NodeId, process: SimulatedProcess): SimulatedProcess => {
    running.add(id);
    return plant?.process?.(process, id) ?? process;
  };
  const holdingsOf = (disk: Disk): Holds =>
    plant?.holdings?.(disk) ??
    [...disk.snapshots].map(([step, layers]) => ({ step, layers: [...layers.keys()] }));

  const startMaster = async (disk: Disk, workers: number, isAgain: boolean) => {
    const process = await training.master(cut, {
      workers,
      run,
      replicateEvery,
      ...(isAgain && {
        told: { step: oracle.told, evaluated: oracle.evaluated },
        holds: holdingsOf(disk),
        ...(disk.checkpoint && { loadedStep: disk.checkpoint.step }),
      }),
    });
    if (isAgain) oracle.masterBegins(workers);
    return begun(masterId, process);
  };
  const startWorker = async (id: NodeId, disk: Disk) => {
    const holds = holdingsOf(disk);
    return begun(id, await training.worker(id, holds.length > 0 ? { run, holds } : {}));
  };

  const devices = new Map<NodeId, SimulatedDevice>();
  for (const [index, [id, disk]] of [...disks].entries()) {
    const isMaster = id === masterId;
    const again: SimulatedDevice['again'] = isMaster
      ? (own, others) => startMaster(own, Math.min(others, mostNodes - 1), true)
      : (own) => startWorker(id, own);
    const isLate = id === lateDevice;
    const process = isMaster
      ? await startMaster(disk, nodes - 1, false)
      : await startWorker(id, disk);
    if (isLate) running.delete(id);
    devices.set(id, {
      ...process,
      again,
      disk,
      seconds: secondsOf(scenario, id, index),
      ...(isLate && { isLate }),
    });
  }
  const every: NonNullable<SimulationOptions['every']>[number][] = [];
  const { replicateSeconds, saveSeconds } = scenario;
  if (replicateSeconds !== undefined)
    every.push({ seconds: replicateSeconds, node: masterId, event: { type: 'replicate' } });
  if (saveSeconds !== undefined)
    every.push({ seconds: saveSeconds, node: masterId, event: { type: 'save' } });
  const simulation = await simulate({
    devices,
    link: () => ({ latencySeconds: 0.004, bytesPerSecond: 20_000 }),
    diskSeconds: (bytes) => 0.04 + bytes / 20_000,
    faults: scenario.script,
    every,
    sessions: scenario.sessions,
    record: 'nothing',
    bounds,
    watch: {
      told: (seconds, device, event, effects) => {
        watch?.told?.(seconds, device, event, effects);
        statistics.told(device, event, effects);
        oracle.toldOf(device, event, effects);
        if (effects.some(({ type }) => type === 'end')) running.delete(device);
      },
      injected: (seconds, fault) => {
        watch?.injected?.(seconds, fault);
        statistics.injected(fault);
        oracle.injectedAt(fault);
        if (fault.kind === 'crash') running.delete(fault.device);
      },
    },
  });
  await training.close();
  const verdict = oracle.judge(simulation, running);
  statistics.judged(verdict.outcome);
  return { ...verdict, statistics };
}

/** What works take on a device: by layers where a stage has some, so that having fewer helps. */
function secondsOf({ workSeconds, slow }: Scenario, id: NodeId, index: number) {
  const times = (1 + index / 4) * (slow?.device === id ? slow.times : 1);
  let stages: readonly Stage[] = [];
  return (work: Work): number => {
    if (work.kind === 'prepare') ({ stages } = work);
    const held = stages.find((stage) => 'place' in work && stage.place === work.place);
    return workSeconds * times * (held ? (held.to - held.from) / 3 : 1);
  };
}
