// Layers to and from the folder of a run. A checkpoint is begun by its first layer, whichever that is,
// so the names and types of all its tensors must be known: they follow from the resolved training.

import { RingError } from '../errors.ts';
import type { CheckpointWriter, Run, RunWriter } from '../checkpoint/run.ts';
import type { TensorType } from '../graph/graph.ts';
import { stageUpdate } from '../model/stage.ts';
import type { LayerTensor } from '../model/stage.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { LayerStore } from '../runtime/runner.ts';

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

/** Keeps checkpoints of a training in the run that `open` gives. */
export function createRunStore(
  open: () => Promise<RunWriter>,
  training: ResolvedTraining,
): LayerStore {
  const { resolved, seed } = training;
  const trained = layerTensors(training, 'parameters');
  const model = typesOf([...trained, ...layerTensors(training, 'state')]);
  const optimizer = typesOf(stageUpdate(training, trained).state);
  let begun: Promise<CheckpointWriter> | undefined;
  let committed: Promise<void> | undefined;
  const begin = (step: number): Promise<CheckpointWriter> => {
    const epoch = Math.floor(step / resolved.stepsPerEpoch);
    return (begun ??= open().then((run) =>
      run.checkpoint({ step, epoch, seed }, model, optimizer),
    ));
  };
  return {
    async save(step, _layer, { tensors }) {
      const checkpoint = await begin(step);
      for (const { name, bytes } of tensors)
        if (model.has(name)) await checkpoint.writeParameter(name, bytes);
        else await checkpoint.writeState(name, bytes);
    },
    complete(step) {
      const checkpoint = begin(step);
      begun = undefined;
      committed = checkpoint.then((writer) => writer.commit());
      return committed;
    },
    fetch: () => {
      throw new RingError('STORE', 'a run that is being written cannot be read from');
    },
    async discard() {
      // What is whole becomes the checkpoint, what could not be begun or kept has been told.
      await committed?.catch(() => undefined);
      await (await begun?.catch(() => undefined))?.discard();
      begun = undefined;
    },
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
    async fetch(layer) {
      const tensors = model.filter((tensor) => tensor.layer === layer);
      const read = tensors.map(async ({ name, type }) => {
        const shape = parameters.tensors.get(name)?.shape;
        if (shape && shape.join() !== type.shape.join())
          throw new RingError(
            'RUN',
            `${parameters.path}: ${name} has shape [${shape.join(', ')}], but training.json makes it [${type.shape.join(', ')}]: the two are not of one run`,
          );
        return { name, type, bytes: await parameters.read(name) };
      });
      return tensorPayload(await Promise.all(read));
    },
  };
}
