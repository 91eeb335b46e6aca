// Layers to and from the folder of a run. A checkpoint is begun by its first layer, whichever that is,
// so the names and types of all its tensors must be known: they follow from the resolved training.

import { RingError } from '../errors.ts';
import { openRun } from '../checkpoint/run.ts';
import type { Run } from '../checkpoint/run.ts';
import type { CheckpointWriter, RunWriter } from '../checkpoint/run-writer.ts';
import type { SafetensorsReader } from '../checkpoint/safetensors.ts';
import type { TensorType } from '../graph/graph.ts';
import { stageUpdate } from '../model/stage.ts';
import type { LayerTensor } from '../model/stage.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { NamedTensor } from '../protocol/frame.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { LayerStore } from '../runtime/runner.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';

type Kind = 'parameters' | 'state';

const layerTensors = ({ resolved }: ResolvedTraining, kind: Kind): LayerTensor[] =>
  resolved.layers.flatMap((resolvedLayer, layer) =>
    resolvedLayer[kind].map(({ name, shape }) => ({
      name: `${layer}.${name}`,
      type: { type: 'float32' as const, shape },
      layer,
    })),
  );

const typesOf = (tensors: readonly LayerTensor[]): Map<string, TensorType> =>
  new Map(tensors.map(({ name, type }) => [name, type]));

/** Keeps checkpoints of a training in the run that `open` gives. Errors, from `fetch`: RUN. */
export function createRunStore(
  open: () => Promise<RunWriter>,
  training: ResolvedTraining,
): LayerStore {
  const { resolved, seed } = training;
  const trained = layerTensors(training, 'parameters');
  const model = [...trained, ...layerTensors(training, 'state')];
  const optimizer = stageUpdate(training, trained).state;
  const inModel = typesOf(model);
  let begun: Promise<CheckpointWriter> | undefined;
  let saving: Promise<void> | undefined;
  let committed: Promise<void> | undefined;
  const begin = (step: number): Promise<CheckpointWriter> => {
    const epoch = Math.floor(step / resolved.stepsPerEpoch);
    return (begun ??= open().then((run) =>
      run.checkpoint({ step, epoch, seed }, inModel, typesOf(optimizer)),
    ));
  };
  const write = async (
    checkpoint: Promise<CheckpointWriter>,
    tensors: readonly NamedTensor[],
  ): Promise<void> => {
    const writer = await checkpoint;
    for (const { name, bytes } of tensors)
      if (inModel.has(name)) await writer.writeParameter(name, bytes);
      else await writer.writeState(name, bytes);
  };
  return {
    save(step, _layer, { tensors }) {
      saving = write(begin(step), tensors);
      return saving;
    },
    complete(step) {
      const checkpoint = begin(step);
      begun = undefined;
      committed = checkpoint.then((writer) => writer.commit());
      return committed;
    },
    async fetch(layer) {
      const run = await openRun((await open()).folder);
      try {
        const state = await run.openState();
        try {
          return tensorPayload([
            ...(await readLayer(run.parameters, model, layer)),
            ...(await readLayer(state, optimizer, layer)),
          ]);
        } finally {
          await state.close();
        }
      } finally {
        await run.close();
      }
    },
    async discard() {
      // What is whole becomes the checkpoint, what could not be begun or kept has been told.
      await committed?.catch(() => undefined);
      await saving?.catch(() => undefined);
      const given = begun;
      begun = undefined;
      await (await given?.catch(() => undefined))?.discard();
    },
  };
}

/** Copies of layers in a place that is opened when the first is kept. */
export function lateSnapshots(open: () => Promise<SnapshotStore>): SnapshotStore {
  let opened: Promise<SnapshotStore> | undefined;
  return {
    keep: async (id, payload) => (await (opened ??= open())).keep(id, payload),
    recall: async (id) => (await opened)?.recall(id),
    drop: async (run, before) => (await opened)?.drop(run, before),
    holdings: async () => (await opened)?.holdings(),
  };
}

/** Reads a trained model's layers, one at a time. Errors, from `fetch`: RUN. */
export function openRunStore({ parameters }: Run, training: ResolvedTraining): LayerStore {
  const model = [...layerTensors(training, 'parameters'), ...layerTensors(training, 'state')];
  const readOnly = (): never => {
    throw new RingError('STORE', 'a run that is only used is not written to');
  };
  return {
    save: readOnly,
    complete: readOnly,
    discard: () => Promise.resolve(),
    fetch: async (layer) => tensorPayload(await readLayer(parameters, model, layer)),
  };
}

function readLayer(
  file: SafetensorsReader,
  tensors: readonly LayerTensor[],
  layer: number,
): Promise<NamedTensor[]> {
  const ofLayer = tensors.filter((tensor) => tensor.layer === layer);
  const read = ofLayer.map(async ({ name, type }) => {
    const shape = file.tensors.get(name)?.shape;
    if (shape && shape.join() !== type.shape.join())
      throw new RingError(
        'RUN',
        `${file.path}: ${name} has shape [${shape.join(', ')}], but training.json makes it [${type.shape.join(', ')}]: the two are not of one run`,
      );
    return { name, type, bytes: await file.read(name) };
  });
  return Promise.all(read);
}
