// Which architecture one would take, and why, in words: the fastest that every device can hold. A device
// alone is preferred to several that save next to nothing.

import { isAble } from './expect.ts';
import type { Expectation, Outlook } from './expect.ts';
import type { ExpectedArchitecture, Setting } from './setting.ts';

export interface Choice {
  /** Undefined where none can train this model on these devices. */
  readonly architecture: ExpectedArchitecture | undefined;
  /** Each a sentence. */
  readonly why: readonly string[];
}

/** Several devices shall save at least this share of one device's time. */
const worthwhile = 0.05;

export const nameOfArchitecture: Readonly<Record<ExpectedArchitecture, string>> = {
  single: 'one device alone',
  ring: 'the ring',
  'parameter-server': 'a parameter server on its own device',
  'parameter-server-colocated': 'a parameter server beside the workers',
  'all-reduce': 'all-reduce',
};

export function choose(outlooks: readonly Outlook[], setting: Setting): Choice {
  const able = outlooks.filter(isAble).filter(fits);
  const fastest = able.toSorted((a, b) => a.stepSeconds - b.stepSeconds)[0];
  if (!fastest)
    return { architecture: undefined, why: outlooks.map((each) => whyNot(each, setting)) };
  const single = able.find(({ architecture }) => architecture === 'single');
  const chosen =
    single && single.stepSeconds * (1 - worthwhile) < fastest.stepSeconds ? single : fastest;
  const others = outlooks
    .filter((each) => each !== chosen)
    .toSorted((a, b) => secondsOf(a) - secondsOf(b));
  return {
    architecture: chosen.architecture,
    why: [
      whyChosen(chosen, single, setting),
      ...others.map((each) => whyNot(each, setting, chosen)),
    ],
  };
}

const fits = ({ nodes }: Expectation): boolean => nodes.every((node) => node.fits);

const secondsOf = (outlook: Outlook): number => (isAble(outlook) ? outlook.stepSeconds : Infinity);

function whyChosen(
  chosen: Expectation,
  single: Expectation | undefined,
  { nodes }: Setting,
): string {
  const name = nameOfArchitecture[chosen.architecture];
  const took = `${name} takes ${inSeconds(chosen.stepSeconds)} a step`;
  if (chosen.architecture === 'single')
    return `${took}; no way of sharing the work among ${nodes} saves ${100 * worthwhile} % of it.`;
  const against = single
    ? `, ${(single.stepSeconds / chosen.stepSeconds).toFixed(1)} times as fast as one device alone`
    : '; one device alone cannot hold the model';
  const data =
    chosen.architecture === 'ring'
      ? ', and samples and labels stay where they are'
      : '; workers are sent their share of the samples';
  return `${took}${against}${data}.`;
}

function whyNot(outlook: Outlook, setting: Setting, chosen?: Expectation): string {
  const name = nameOfArchitecture[outlook.architecture];
  if (!isAble(outlook)) return `${name} cannot: ${outlook.reason}.`;
  const fullest = Math.max(...outlook.nodes.map(({ memoryBytes }) => memoryBytes));
  if (!fits(outlook))
    return `${name} does not fit: a device would need ${inBytes(fullest)} and has ${inBytes(setting.device.memoryBytes)}.`;
  const ratio = chosen ? outlook.stepSeconds / chosen.stepSeconds : 1;
  return `${name} takes ${ratio.toFixed(ratio < 10 ? 2 : 0)} times as long: ${cause(outlook, setting)}.`;
}

/** What most of the step goes by. */
function cause({ architecture, ...expected }: Expectation, { link }: Setting): string {
  const { busiestPortBytes, sentBytes, stepSeconds, idleShare, nodes } = expected;
  const busy = Math.max(...nodes.map(({ busySeconds }) => busySeconds));
  const carried = link.kind === 'shared' ? 2 * sentBytes : busiestPortBytes;
  const sending = carried / link.bytesPerSecond;
  const where = link.kind === 'shared' ? 'the shared medium' : "the busiest device's link";
  if (architecture === 'single') return `it computes ${inSeconds(busy)} alone`;
  if (sending > busy && sending > 0.4 * stepSeconds)
    return `${where} carries ${inBytes(carried)} a step one way, ${inSeconds(sending)} of nothing but sending`;
  if (busy > 0.7 * stepSeconds)
    return `its busiest device computes ${inSeconds(busy)} of ${inSeconds(stepSeconds)}`;
  return `devices wait for each other and for links ${(100 * idleShare).toFixed(0)} % of the time`;
}

/** `1.24 s`, `83 ms`, `0.24 ms` */
export function inSeconds(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${seconds >= 0.00995 ? (1000 * seconds).toFixed(0) : (1000 * seconds).toPrecision(2)} ms`;
}

/** `1.2 MB` */
export function inBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(0)} kB`;
}
