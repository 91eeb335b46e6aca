// How long a ring's step must take at least, from what its nodes computed and sent: every device and every
// port has so much to do, cannot begin before the first microbatch has come to it, and when it has done the
// last, that one has still to go all the way back. As in GPipe's bubble (Huang et al. 2019), but for uneven
// stages, slow links and weight gradients that may wait until the end. Pure.

import type { Figures } from '../meter/figures.ts';
import type { Entry } from '../meter/timeline.ts';
import { masterId } from '../node.ts';
import type { NodeResult, Run } from './results.ts';
import type { Port } from './wire.ts';

/** Of one microbatch, but for `weights` and `update`, which are of the whole step. Seconds. */
interface Stage {
  readonly forward: number;
  readonly backward: number;
  readonly weights: number;
  readonly update: number;
  /** On its way to the next stage, and of a gradient to the one before. */
  readonly activation: number;
  readonly gradient: number;
  /** Of its port, for saying that it has received one of each. */
  readonly acknowledgement: number;
}

/** Undefined where a run did not record enough to say so. */
export function ringStepSeconds(run: Run, microbatches: number, port: Port): number | undefined {
  const nodes = inRingOrder(run);
  if (!nodes) return undefined;
  const [master, ...workers] = nodes.map((node) => stageOf(node, microbatches, port));
  const closing = lossSeconds(nodes[0]!, microbatches);
  const { latencySeconds: latency } = port;
  // There and back as far as the stage: what the first microbatch and the last one go through.
  let there = master!.forward + master!.activation + latency;
  let back = master!.backward;
  const bounds = [
    microbatches * (master!.forward + master!.backward + closing) +
      master!.weights +
      master!.update,
  ];
  for (const worker of workers) {
    const { forward, backward, weights, gradient } = worker;
    const way = gradient + latency + back;
    bounds.push(
      there + microbatches * (forward + backward) + Math.max(weights, way),
      // What it sends: an activation can leave first, and the last to leave is a gradient.
      there + forward + sending(worker, microbatches) + latency + back,
    );
    there += forward + worker.activation + latency;
    back = way + backward;
  }
  // Both ways through all stages; and what the master sends, the last of it a gradient for the last worker.
  const lastGradient = master!.gradient + latency;
  bounds.push(
    there + closing + lastGradient + back,
    master!.forward + sending(master!, microbatches) + latency + back,
  );
  return Math.max(...bounds);
}

/** What goes out of a port from its first activation on. What had come by then was acknowledged before. */
const sending = ({ activation, gradient, acknowledgement }: Stage, microbatches: number): number =>
  microbatches * (activation + gradient) + (microbatches - 1) * acknowledgement;

/** The master first, each before the one it sends activations to. */
function inRingOrder({ nodes }: Run): readonly NodeResult[] | undefined {
  const byName = new Map(nodes.map((node) => [node.node, node]));
  const order: NodeResult[] = [];
  let next: string | undefined = masterId;
  while (next !== undefined && order.length < nodes.length) {
    const node = byName.get(next);
    if (!node || order.includes(node)) return undefined;
    order.push(node);
    next = node.timeline.entries.find(isActivation)?.to;
  }
  return next === masterId && order.length === nodes.length ? order : undefined;
}

type Send = Extract<Entry, { type: 'send' }>;

const isActivation = (entry: Entry): entry is Send =>
  entry.type === 'send' && entry.message === 'activation';

function stageOf({ figures, timeline }: NodeResult, microbatches: number, port: Port): Stage {
  const { steps, busySeconds, sent, received } = figures;
  const share = shareOfLoss(timeline.entries);
  const times = steps * microbatches;
  const bytes = (traffic: Figures['sent'], message: string): number =>
    (traffic[message]?.bytes ?? 0) / times;
  const send = (message: string): number => bytes(sent, message) * port.secondsPerByte;
  return {
    forward: busySeconds.forward / times,
    backward: (busySeconds.backward * (1 - share)) / times,
    weights: busySeconds.weights / steps,
    update: busySeconds.update / steps,
    activation: send('activation'),
    gradient: send('gradient'),
    acknowledgement:
      (bytes(received, 'activation') + bytes(received, 'gradient')) *
      port.acknowledgementSecondsPerByte,
  };
}

/** The closing stage's way through and back, of one microbatch. */
const lossSeconds = ({ figures, timeline }: NodeResult, microbatches: number): number =>
  (figures.busySeconds.backward * shareOfLoss(timeline.entries)) / figures.steps / microbatches;

/** Of the time spent going back, what the closing stage took. */
function shareOfLoss(entries: readonly Entry[]): number {
  let [loss, all] = [0, 0];
  for (const entry of entries) {
    if (entry.type !== 'compute' || entry.kind !== 'backward') continue;
    const seconds = entry.end - entry.start;
    all += seconds;
    if (entry.label.startsWith('L')) loss += seconds;
  }
  return all > 0 ? loss / all : 0;
}
