// What it costs a worker to push all of its gradients to a server and to have all parameters back: with
// the whole runtime on both sides, and as frames of the same bytes on a bare session, which is what nodes
// have between them, to a process that sends each frame back.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { formatLink } from '../dist/cli/link-flag.js';
import { ringTraining } from '../dist/model/training.js';
import { shardKeys } from '../dist/parameter-server/keys.js';
import type { Link } from '../dist/ports.js';
import { encodeMessage } from '../dist/protocol/codec.js';
import { tensorPayload } from '../dist/protocol/messages.js';
import { StageEngine } from '../dist/runtime/stage-engine.js';
import { SessionHost } from '../dist/transport/session.js';
import { shapeDevice, unshaped } from '../dist/transport/shaped.js';
import type { LinkShape } from '../dist/transport/shaped.js';
import { TcpTransport } from '../dist/transport/tcp.js';
import { measureTraining, trainingOf } from './training.ts';
import type { Setting } from './training.ts';

/** Until a process runs as fast as it will. */
const warmSeconds = 0.3;

/** Exchanges per second of a training in which only the worker's stages compute nothing. */
export async function exchangesPerSecond(setting: Setting): Promise<number> {
  const stage = StageEngine.prototype as unknown as Record<string, () => unknown>;
  const works = ['forward', 'backward', 'weights'];
  const real = Object.fromEntries(works.map((work) => [work, stage[work]]));
  const nothing = () => Promise.resolve({ finished: Promise.resolve() });
  Object.assign(stage, Object.fromEntries(works.map((work) => [work, nothing])));
  try {
    return (await measureTraining(setting)).stepsPerSecond;
  } finally {
    Object.assign(stage, real);
  }
}

/** How often per second the frames of an exchange go to another process and come back. */
export async function bareExchangesPerSecond(setting: Setting): Promise<number> {
  const frames = pushesOf(setting);
  const { link, close } = await linkToEcho(setting.link);
  let missing = 0;
  let finish: (() => void) | undefined;
  link.onFrame((_, release) => {
    release?.();
    missing -= 1;
    if (missing === 0) finish?.();
  });
  const exchange = async (): Promise<void> => {
    missing = frames.length;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    for (const frame of frames) void link.send(frame);
    await finished;
  };
  const perSecondFor = async (seconds: number): Promise<number> => {
    const start = performance.now();
    let done = 0;
    for (; performance.now() - start < seconds * 1000; done += 1) await exchange();
    return (done / (performance.now() - start)) * 1000;
  };
  await perSecondFor(warmSeconds);
  const perSecond = await perSecondFor(setting.seconds);
  await close();
  return perSecond;
}

/** What a worker sends in a step, in the order in which its gradients are complete. */
function pushesOf(setting: Setting): Uint8Array[][] {
  const keys = shardKeys(ringTraining(trainingOf(setting).training), 1);
  return keys
    .toSorted((a, b) => b.block - a.block)
    .map(({ key, slices }) => {
      const tensors = slices.map(({ name, count }) => ({
        name,
        type: { type: 'float32', shape: [count] } as const,
        // Filled, since memory that was never written is none.
        bytes: new Uint8Array(4 * count).fill(1),
      }));
      return encodeMessage(1, { type: 'push', key, step: 0, payload: tensorPayload(tensors) });
    });
}

async function linkToEcho(rate?: LinkShape): Promise<{ link: Link; close: () => Promise<void> }> {
  let accept: (link: Link) => void;
  const accepted = new Promise<Link>((resolve) => (accept = resolve));
  const sessions = new SessionHost((link) => accept(link));
  const shape = rate ? shapeDevice(rate) : unshaped;
  const listener = await new TcpTransport().listen(
    '127.0.0.1:0',
    (connection) => void sessions.admit(shape(connection)),
  );
  const file = fileURLToPath(new URL('echo.ts', import.meta.url));
  const given = [listener.address, ...(rate ? [formatLink(rate)] : [])];
  spawn(process.execPath, ['--import', 'tsx', file, ...given], { stdio: 'inherit' });
  const link = await accepted;
  link.maximumFrameBytes = 2 ** 31;
  const close = async (): Promise<void> => {
    await link.close();
    await listener.close();
  };
  return { link, close };
}
